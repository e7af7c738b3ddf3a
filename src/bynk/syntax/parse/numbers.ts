/** Whole numbers in expressions, and the durations made of them (reference §1.5). */
import type { Expr, IntLiteral } from "../ast.ts";
import type { ParseContext } from "./context.ts";
import { intLiteralOf } from "./literals.ts";
import { nameOf } from "./names.ts";

const milliseconds: Readonly<Record<string, number>> = {
  milliseconds: 1,
  seconds: 1_000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
};

/** At a whole number. */
export function parseNumber(ctx: ParseContext): Expr {
  const amount = intLiteralOf(ctx.next());
  return isDuration(ctx) ? parseDuration(ctx, amount) : amount;
}

/** A unit behind a dot, and no call: `5.minutes`, but not `5.minutes()`. */
function isDuration(ctx: ParseContext): boolean {
  if (ctx.kind !== "." || ctx.peek().kind !== "name") return false;
  const call = ctx.peek(2);
  const isCalled = call.kind === "(" && !call.firstOnLine;
  return Object.hasOwn(milliseconds, ctx.peek().text) && !isCalled;
}

function parseDuration(ctx: ParseContext, amount: IntLiteral): Expr {
  ctx.next();
  const unit = nameOf(ctx.next());
  const total = amount.value * (milliseconds[unit.text] ?? 1);
  const span = ctx.spanFrom(amount.span.start);
  if (!Number.isSafeInteger(total)) ctx.report("bynk.duration.literal_overflow", span, {});
  return { kind: "DurationLiteral", amount, unit, milliseconds: total, span };
}
