/** What a file must hold when it is compiled alone (reference §2.1): exactly one commons. */
import type { Span, Unit } from "./ast.ts";
import type { Reporter } from "./reporter.ts";

/** Reports a first unit of another kind, and everything after the first unit. */
export function checkSingleFile(units: readonly Unit[], reporter: Reporter): void {
  const [first, second] = units;
  if (first !== undefined) checkKind(first, reporter);
  if (second !== undefined) reporter.report("bynk.parse.extra_tokens", headOf(second), { found: describe(second) });
}

function checkKind(unit: Unit, reporter: Reporter): void {
  const head = headOf(unit);
  if (unit.kind === "Context") reporter.report("bynk.parse.unexpected_context", head, {});
  else if (unit.kind === "Adapter") reporter.report("bynk.parse.unexpected_adapter", head, {});
  else if (unit.kind === "Suite") reporter.report("bynk.parse.unexpected_suite", head, {});
}

/** The unit's word and name. */
function headOf(unit: Unit): Span {
  return { start: unit.span.start, end: Math.max(unit.span.start, unit.name.span.end) };
}

function describe(unit: Unit): string {
  return `the ${unit.kind.toLowerCase()} \`${unit.name.text}\``;
}
