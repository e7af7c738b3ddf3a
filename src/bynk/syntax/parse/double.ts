/** Doubles: what a capability's operation answers in a test (reference §30). `provides` in July, `stub` in August. */
import type { Expr, TestDouble } from "../ast.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, reportExpected } from "./expect.ts";
import { parseSeam } from "./expectations.ts";
import { parseList } from "./lists.ts";
import { isName } from "./names.ts";
import { parseExpression } from "./nesting.ts";

/** True at `provides Cap.` or `stub Cap.`. */
export function startsDouble(ctx: ParseContext): boolean {
  const keyword = ctx.kind === "provides" || ctx.atWord("stub");
  return keyword && isName(ctx.peek(1)) && ctx.peek(2).kind === ".";
}

/** Where `startsDouble`. */
export function parseDouble(ctx: ParseContext): TestDouble {
  const word = ctx.next();
  const keyword = word.kind === "provides" ? "provides" : "stub";
  const [capability, operation] = parseSeam(ctx);
  const opener = expectToken(ctx, "(", "`(` and the arguments");
  const args = opener === undefined ? [] : ctx.unrestricted(() => parseList(ctx, ")", opener, parseArgument));
  const behaviour = parseBehaviour(ctx, keyword);
  return { kind: "TestDouble", keyword, capability, operation, args, behaviour, span: ctx.spanFrom(word.start) };
}

/** `_` stands for any value. */
function parseArgument(ctx: ParseContext): Expr | undefined {
  return ctx.eat("_") ? undefined : parseExpression(ctx);
}

function parseBehaviour(ctx: ParseContext, keyword: TestDouble["keyword"]): TestDouble["behaviour"] {
  const { start } = ctx.token;
  if (ctx.eatWord("fails")) return { kind: "DoubleFails", span: ctx.spanFrom(start) };
  if (!ctx.eatWord("returns")) {
    reportExpected(ctx, "`returns` or `fails`");
    return { kind: "DoubleFails", span: ctx.placeHere() };
  }
  if (ctx.atWord("each")) return parseSequence(ctx, keyword, start);
  const value = parseExpression(ctx);
  return { kind: "DoubleReturns", value, span: ctx.spanFrom(start) };
}

/** `each [a, fails, b]`, with at least one element. */
function parseSequence(ctx: ParseContext, keyword: TestDouble["keyword"], start: number): TestDouble["behaviour"] {
  const each = ctx.next();
  const opener = ctx.eat("[");
  const values = opener && ctx.unrestricted(() => parseList(ctx, "]", opener, parseElement));
  if (values === undefined || values.length === 0) {
    ctx.report(`bynk.${keyword}.bad_sequence`, { start: each.start, end: each.end }, {});
  }
  return { kind: "DoubleSequence", values: values ?? [], span: ctx.spanFrom(start) };
}

function parseElement(ctx: ParseContext): Expr | undefined {
  return ctx.eatWord("fails") ? undefined : parseExpression(ctx);
}
