/** `e?`: the one early exit (reference §7.6). */
import type { QuestionExpr } from "../../syntax/ast.ts";
import type { Body, Env } from "../body.ts";
import type { Question, Type } from "../model.ts";
import { errorType, isAssignable, printPair, printType, sameType } from "../types.ts";

export function inferQuestion(body: Body, env: Env | undefined, expr: QuestionExpr): Type {
  const operand = body.infer(env, expr.operand);
  switch (operand.kind) {
    case "error":
      return operand;
    case "result":
      checkError(body, expr, operand.err);
      return operand.ok;
    case "option":
      checkOption(body, expr);
      return operand.element;
    default: {
      const variant = operand.kind === "effect" ? "effect" : "default";
      body.report("bynk.types.question_on_non_result", expr.operand.span, { type: printType(operand) }, { variant });
      return errorType;
    }
  }
}

function remember(body: Body, expr: QuestionExpr, question: Question): void {
  body.typing.questions.set(expr, question);
}

/** Where the question mark stands. */
function markOf(expr: QuestionExpr) {
  return { start: expr.span.end - 1, end: expr.span.end };
}

function checkError(body: Body, expr: QuestionExpr, error: Type): void {
  const { answer } = body;
  if (answer.kind === "error") return;
  if (answer.kind !== "result") {
    body.report("bynk.types.question_outside_result", markOf(expr), { result: printType(body.result) });
    return;
  }
  if (isAssignable(error, answer.err)) {
    remember(body, expr, { on: "result", wrap: undefined });
    return;
  }
  const wrap = embedding(answer.err, error);
  if (wrap !== undefined) {
    remember(body, expr, { on: "result", wrap });
    return;
  }
  const [found, wanted] = printPair(error, answer.err);
  body.report("bynk.types.question_error_mismatch", markOf(expr), { found, wanted });
}

/** The variant of the body's error sum that embeds `error`. */
function embedding(sum: Type, error: Type): Question["wrap"] {
  if (sum.kind !== "declared" || sum.declared.shape.kind !== "sum") return undefined;
  const embed = sum.declared.shape.embeds.find((candidate) => sameType(candidate.type, error));
  return embed && { sum: sum.declared, variant: embed.variant };
}

function checkOption(body: Body, expr: QuestionExpr): void {
  if (body.answer.kind === "httpResult") {
    remember(body, expr, { on: "option", wrap: undefined });
    return;
  }
  if (body.answer.kind === "error") return;
  body.report("bynk.types.question_option_outside_http", markOf(expr), { result: printType(body.result) });
}
