/**
 * Operands in order: what stands before an operand with statements is kept in a constant first, so that everything is
 * evaluated from left to right.
 */
import type { Type } from "../check/model.ts";
import type { Expr } from "../syntax/ast.ts";
import type { Body } from "./body.ts";
import { at, type Code, call, Level, stable } from "./code.ts";
import { needsType } from "./inline.ts";
import { typeText } from "./types.ts";
import { Writer } from "./writer.ts";

/** The code of operands; statements they need are written to `out` before. */
export function lowerAll(body: Body, exprs: readonly Expr[], out: Writer): readonly Code[] {
  const parts = exprs.map((expr) => {
    const before = new Writer();
    return { code: begin(body, expr, body.lower(expr, before)), before };
  });
  const last = parts.findLastIndex(({ before }) => !before.isIdle);
  return parts.map(({ code: found, before }, index) => {
    out.append(before);
    return index < last ? keep(body, exprs[index] as Expr, found, out) : found;
  });
}

/** A value that is evaluated here and read later. */
function keep(body: Body, expr: Expr, found: Code, out: Writer): Code {
  if (found.stable) return found;
  const name = body.claim("value");
  const type = needsType(expr, body.typing) ? `: ${typeText(body.module, body.typeOf(expr))}` : "";
  out.line(`const ${name}${type} = ${at(Level.assign, found)};`);
  return stable(name);
}

/**
 * An effect that is begun here and awaited elsewhere, if at all. Should it fail before anybody waits, that is the failure of
 * one invocation: a rejected promise without a handler would end the process.
 */
export function begin(body: Body, expr: Expr, found: Code): Code {
  const isBegun = body.typeOf(expr).kind === "effect" && !found.stable && !isPure(expr);
  return isBegun ? call(body.module.runtime("begun"), [found]) : found;
}

/** `Effect.pure(v)` cannot fail. */
function isPure(expr: Expr): boolean {
  return expr.kind === "ParenExpr" ? isPure(expr.inner) : expr.kind === "EffectPure";
}

/** A value that is known to be of a refined type. */
export function admit(body: Body, plain: Code, type: Type): Code {
  if (type.kind !== "declared") return plain;
  return stable(`${at(Level.relation, plain)} as ${typeText(body.module, type)}`, Level.relation);
}
