/** Conditions, and the names that `is` binds where they hold (reference §7.5, §8.3). */
import type { BinaryExpr, Expr, IsExpr } from "../syntax/ast.ts";
import type { Body } from "./body.ts";
import { at, type Code, code, infix, Level, not, stable } from "./code.ts";
import { type Alternative, alternatives } from "./patterns.ts";
import { typeText } from "./types.ts";
import { Writer } from "./writer.ts";

/** A condition. TypeScript follows `true` and `false` into branches it then finds pointless; the author meant them. */
export function lowerCondition(body: Body, expr: Expr, out: Writer): Code {
  if (expr.kind === "ParenExpr") return lowerCondition(body, expr.inner, out);
  if (expr.kind === "BoolLiteral") return stable(`(${expr.value} as boolean)`);
  return body.lower(expr, out);
}

/** `a && b`, `a || b`, `a implies b`: the right side only where the left one asks for it. */
export function lowerLogical(body: Body, expr: BinaryExpr, out: Writer): Code {
  const left = lowerCondition(body, expr.left, out);
  const before = new Writer();
  const right = lowerCondition(body, expr.right, before);
  const { operator } = expr;
  if (before.isIdle) {
    out.append(before);
    if (operator === "&&") return infix("&&", Level.and, left, right);
    return infix("||", Level.or, operator === "||" ? left : not(left), right);
  }
  const holds = body.claim("holds");
  out.line(`let ${holds} = ${operator !== "&&"};`);
  const condition = operator === "||" ? not(left) : left;
  out.block(`if (${condition.text}) {`, () => {
    out.append(before);
    out.line(`${holds} = ${at(Level.assign, right)};`);
  });
  return stable(holds);
}

/** `e is Pattern`. A value that is no plain name gets one inside the condition, so that the branch can look into it. */
export function lowerIs(body: Body, expr: IsExpr, out: Writer): Code {
  const found = body.lower(expr.value, out);
  const resolved = body.typing.patterns.get(expr.pattern);
  if (resolved?.kind === "refined" && resolved.type !== undefined) {
    return code(`${body.module.type(resolved.type)}.is(${at(Level.assign, found)})`);
  }
  if (isOwnPath(body, expr.value, found)) return bindIs(body, expr, found.text, found.text, out);
  const name = body.claim("subject");
  out.declare(`let ${name}: ${typeText(body.module, body.typeOf(expr.value))};`);
  return { ...bindIs(body, expr, name, `(${name} = ${at(Level.assign, found)})`, out), stable: false };
}

/** `first` stands for the subject where it is read first: there it may be assigned. */
function bindIs(body: Body, expr: IsExpr, path: string, first: string, out: Writer): Code {
  const ways = alternatives(body, expr.pattern, path);
  const [way] = ways;
  if (way === undefined) return stable("true");
  if (ways.length > 1) return bindSeveral(body, ways, path, first, out);
  for (const { local, path: place } of way.binds) body.alias(local, place);
  return condition(way.tests, path, first);
}

/** Alternatives with names: which of them matched is settled first. */
function bindSeveral(body: Body, ways: readonly Alternative[], path: string, first: string, out: Writer): Code {
  const locals = [...new Set(ways.flatMap(({ binds }) => binds.map(({ local }) => local)))];
  const names = new Map(locals.map((local) => [local, body.bind(local)]));
  for (const [local, name] of names) out.declare(`let ${name}!: ${typeText(body.module, local.type)};`);
  const parts = ways.map(({ tests, binds }, index) => {
    const test = condition(tests, path, index === 0 ? first : path).text;
    const assigns = binds.map(({ local, path: place }) => `((${names.get(local)} = ${place}), true)`);
    return `(${[test, ...assigns].join(" && ")})`;
  });
  return code(parts.join(" || "), Level.or);
}

function condition(tests: readonly string[], path: string, first: string): Code {
  if (tests.length === 0) return stable("true");
  const [head = "", ...rest] = tests;
  const start = first === path ? head : head.replace(path, () => first);
  const all = [start, ...rest];
  const level = all.length > 1 ? Level.and : /^[!\w.$]+$/.test(start) ? Level.unary : Level.equality;
  return { text: all.join(" && "), level: start.includes(" || ") ? Level.or : level, stable: true };
}

/** The value has a name that only this test looks at; a variant's constant is looked at from everywhere. */
export function isOwnPath(body: Body, expr: Expr, found: Code): boolean {
  const kind = body.typing.references.get(expr)?.kind;
  return isPath(found) && kind !== "variant" && kind !== "builtinVariant" && !body.isContested(expr);
}

function isPath(found: Code): boolean {
  return found.stable && /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/.test(found.text);
}
