/**
 * In how many ways a pattern matches that keep their names apart. Emission writes each way out, and what stands in an arm once
 * for each, so their number is bounded: alternatives inside alternatives multiply.
 */
import type { Pattern } from "../../syntax/ast.ts";
import type { Body } from "../body.ts";

/** Ways through one pattern, and through patterns of arms inside each other. */
const maxWays = 256;

/** The ways through `pattern` in each of those `around` it. Too many are reported once, and count as those around it. */
export function boundWays(body: Body, pattern: Pattern, around: number): number {
  const ways = around * waysOf(pattern);
  if (ways <= maxWays) return ways;
  body.unsupported(pattern.span, `a pattern with more than ${maxWays} ways to bind its names`);
  return around;
}

/** The number of ways; alternatives without names are one. */
function waysOf(pattern: Pattern): number {
  switch (pattern.kind) {
    case "ParenPattern":
      return waysOf(pattern.inner);
    case "OrPattern":
      return binds(pattern) ? pattern.alternatives.reduce((sum, part) => sum + waysOf(part), 0) : 1;
    case "VariantPattern":
      return (pattern.args ?? []).reduce((product, { pattern: sub }) => product * waysOf(sub), 1);
    default:
      return 1;
  }
}

function binds(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case "BindingPattern":
      return true;
    case "ParenPattern":
      return binds(pattern.inner);
    case "OrPattern":
      return pattern.alternatives.some(binds);
    case "VariantPattern":
      return (pattern.args ?? []).some((sub) => binds(sub.pattern));
    default:
      return false;
  }
}
