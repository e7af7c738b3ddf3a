/** Header clauses of a unit: `uses`, `consumes`, `exports`, `binding` (reference §2.6, §26). */
import type { BindingClause, ConsumesClause, ExportsClause, NpmRequirement, UsesClause } from "../ast.ts";
import { describeToken } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, reportExpected } from "./expect.ts";
import { parseList } from "./lists.ts";
import { parsePlainString } from "./literals.ts";
import { isName, parseName, parseQualifiedName } from "./names.ts";
import { skipUntil } from "./recover.ts";

/** At `uses`. */
export function parseUses(ctx: ParseContext): UsesClause {
  const { start } = ctx.next();
  const target = parseQualifiedName(ctx, "the name of a commons");
  skipMoreTargets(ctx, "uses");
  return { kind: "UsesClause", target, span: ctx.spanFrom(start) };
}

/** At `consumes`. */
export function parseConsumes(ctx: ParseContext): ConsumesClause {
  const { start } = ctx.next();
  const target = parseQualifiedName(ctx, "the name of a context or adapter");
  const alias = ctx.eat("as") ? parseName(ctx, "an alias") : undefined;
  const opener = alias === undefined ? ctx.eat("{") : undefined;
  const selection = opener && parseList(ctx, "}", opener, (inner) => parseName(inner, "the name of a capability"));
  skipMoreTargets(ctx, "consumes");
  return { kind: "ConsumesClause", target, alias, selection, span: ctx.spanFrom(start) };
}

/** `uses a, b` */
function skipMoreTargets(ctx: ParseContext, clause: "uses" | "consumes"): void {
  if (ctx.kind !== ",") return;
  const { start, end } = ctx.token;
  const args = { clause, found: describeToken(ctx.token) };
  if (!ctx.isEcho) ctx.report("bynk.parse.expected_item", { start, end }, args, { variant: "oneTarget" });
  skipUntil(ctx, (token) => token.firstOnLine || token.kind === "}");
}

/** At `exports`. */
export function parseExports(ctx: ParseContext): ExportsClause {
  const { start } = ctx.next();
  const visibility = parseVisibility(ctx);
  const opener = expectToken(ctx, "{", "`{` and the names to export");
  const names = opener === undefined ? [] : parseList(ctx, "}", opener, parseExported);
  return { kind: "ExportsClause", visibility, names, span: ctx.spanFrom(start) };
}

function parseVisibility(ctx: ParseContext): ExportsClause["visibility"] {
  const { kind } = ctx;
  if (kind === "opaque" || kind === "transparent" || kind === "capability") {
    ctx.next();
    return kind;
  }
  const { token } = ctx;
  if (token.kind === "eof") reportExpected(ctx, "`opaque`, `transparent` or `capability`");
  else if (!ctx.isEcho) {
    const span = { start: token.start, end: token.end };
    ctx.report("bynk.parse.expected_visibility", span, { found: describeToken(token) });
  }
  // A word before the brace was meant as one of the three.
  if (isName(token) && ctx.peek().kind === "{") ctx.next();
  ctx.hush();
  return undefined;
}

function parseExported(ctx: ParseContext) {
  return parseName(ctx, "the name of a type or capability");
}

/** At `binding`. */
export function parseBinding(ctx: ParseContext): BindingClause {
  const { start } = ctx.next();
  const module = parsePlainString(ctx, "the path of the module as a string");
  const requires = ctx.eat("requires") ? parseRequirements(ctx) : [];
  return { kind: "BindingClause", module, requires, span: ctx.spanFrom(start) };
}

function parseRequirements(ctx: ParseContext): readonly NpmRequirement[] {
  const opener = expectToken(ctx, "{", "`{` and the npm packages");
  return opener === undefined ? [] : parseList(ctx, "}", opener, parseRequirement);
}

function parseRequirement(ctx: ParseContext): NpmRequirement {
  const { start } = ctx.token;
  const name = parsePlainString(ctx, "the name of an npm package as a string");
  expectToken(ctx, ":", "`:` and the version");
  const range = parsePlainString(ctx, "the version as a string");
  return { kind: "NpmRequirement", name, range, span: ctx.spanFrom(start) };
}
