/** Checking an expression against the type its place expects, and saying which part of it does not fit and why. */
import type { Expr, Span } from "../syntax/ast.ts";
import { type Body, type Env, fits, type Want } from "./body.ts";
import type { Type } from "./model.ts";
import { baseOf, errorType, isAssignable, printPair } from "./types.ts";

/** What the wording of every mismatch is told. */
export interface Mismatch {
  readonly span: Span;
  readonly words: { readonly wanted: string; readonly found: string; readonly advice: string };
}

/** Infers the type of `expr` where `want` is expected; a type that does not fit is handed to `report`. */
export function checkAgainst(
  body: Body,
  env: Env | undefined,
  expr: Expr,
  want: Want,
  report: (mismatch: Mismatch) => void,
): Type {
  const found = body.infer(env, expr, want);
  if (!fits(found, want)) report(describeMismatch(body, expr, want));
  return found;
}

/** The innermost part of `expr` that does not fit, with both types in words. */
export function describeMismatch(body: Body, expr: Expr, want: Want): Mismatch {
  const culprit = findCulprit(body, expr, want);
  return { span: culprit.span, words: compare(want.type, culprit.type) };
}

export function compare(wantedType: Type, foundType: Type): Mismatch["words"] {
  const [wanted, found] = printPair(wantedType, foundType);
  return { wanted, found, advice: adviseOn(wantedType, foundType) };
}

interface Culprit {
  readonly span: Span;
  readonly type: Type;
}

/** Follows branches, arms and block tails down to the first that does not fit. */
function findCulprit(body: Body, expr: Expr, want: Want): Culprit {
  for (const part of tailsOf(expr)) {
    const type = body.typing.expressions.get(part) ?? errorType;
    if (!fits(type, want)) return findCulprit(body, part, want);
  }
  return { span: expr.span, type: body.typing.expressions.get(expr) ?? errorType };
}

/** The expressions whose values may become the value of `expr`. */
function tailsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "ParenExpr":
      return [expr.inner];
    case "IfExpr": {
      if (expr.else === undefined) return [];
      const other = expr.else.kind === "IfExpr" ? expr.else : expr.else.tail;
      return [expr.then.tail, other].filter((tail) => tail !== undefined);
    }
    case "MatchExpr":
      return expr.arms
        .map((arm) => (arm.body.kind === "Block" ? arm.body.tail : arm.body))
        .filter((tail) => tail !== undefined);
    default:
      return [];
  }
}

/** How to get from one type to the other; a sentence that starts with a verb. */
function adviseOn(wanted: Type, found: Type): string {
  if (found.kind === "effect" && isAssignable(found.value, wanted)) {
    return "bind the effect first: `let value <- …`";
  }
  if (wanted.kind === "effect" && isAssignable(found, wanted.value)) return "make it an effect: `Effect.pure(…)`";
  if (wanted.kind === "option" && isAssignable(found, wanted.element)) return "wrap it: `Some(…)`";
  if (wanted.kind === "result" && isAssignable(found, wanted.ok)) return "wrap it: `Ok(…)`";
  if (wanted.kind === "httpResult" && isAssignable(found, wanted.value)) return "wrap it: `Ok(…)`";
  if (found.kind === "option" && isAssignable(found.element, wanted))
    return "say what to take when there is none: `.getOrElse(…)`, or `match` on it";
  if (found.kind === "result" && isAssignable(found.ok, wanted))
    return "handle the error: `?` returns it, `match` decides on it";
  return adviseOnBases(wanted, found);
}

function adviseOnBases(wanted: Type, found: Type): string {
  const from = baseOf(found);
  if (wanted.kind === "declared" && wanted.declared.shape.kind === "refined") {
    const { base, opaque } = wanted.declared.shape;
    if (from === base) return `make it with \`${wanted.declared.name}.of(…)\`, which checks the value`;
    if (opaque) return `make it with \`${wanted.declared.name}.of(…)\``;
  }
  const to = baseOf(wanted);
  if (from === "Int" && to === "Float") return "convert it: `.toFloat()`";
  if (from === "Float" && to === "Int") return "convert it: `.round()`, `.floor()`, `.ceil()` or `.truncate()`";
  if (to === "String" && from !== undefined && from !== "Bytes") return 'write it into a string: `"\\(value)"`';
  return "change one of the two so that the types agree";
}
