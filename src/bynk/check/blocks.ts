/** Blocks and statements (reference §6). */
import { createFix, type Fix } from "../diagnostics/diagnostic.ts";
import type { Block, DoStmt, Expr, LetStmt, Name, SendStmt, Stmt } from "../syntax/ast.ts";
import { type Body, bindLocal, type Env, type Want, wanting } from "./body.ts";
import { checkAgainst, compare, type Mismatch } from "./mismatch.ts";
import type { Local, Type } from "./model.ts";
import { resolveTypeRef } from "./type-refs.ts";
import { effectOf, errorType, isAssignable, isUnit, printType, unitType } from "./types.ts";

export function inferBlock(body: Body, env: Env | undefined, block: Block, want: Want | undefined): Type {
  const inner = block.statements.reduce<Env | undefined>(
    (seen, statement) => checkStatement(body, seen, statement),
    env,
  );
  const type = block.tail === undefined ? unitType : body.infer(inner, block.tail, want);
  body.typing.blocks.set(block, type);
  return type;
}

/** Checks a statement; gives the names visible after it. */
function checkStatement(body: Body, env: Env | undefined, statement: Stmt): Env | undefined {
  switch (statement.kind) {
    case "LetStmt":
      return checkLet(body, env, statement);
    case "DoStmt":
      checkDo(body, env, statement);
      return env;
    case "SendStmt":
      checkSend(body, env, statement);
      return env;
    case "AssignStmt":
      body.unsupported(statement.target.span, "assignments to stored cells");
      body.infer(env, statement.value);
      return env;
    case "ExpectStmt":
      body.unsupported(statement.span, "expectations outside a suite");
      return env;
    case "StrayExpr":
      body.infer(env, statement.value);
      return env;
  }
}

function checkLet(body: Body, env: Env | undefined, statement: LetStmt): Env | undefined {
  const { binder, annotation } = statement;
  const wanted = annotation && resolveTypeRef(body.unit, body.source, annotation);
  if (statement.actor !== undefined) body.unsupported(statement.actor.span, "callers of a call");
  const found = statement.bind ? inferBound(body, env, statement, wanted) : inferLet(body, env, statement, wanted);
  if (binder === undefined || binder.text === "") return env;
  checkShadowing(body, binder);
  const local: Local = { name: binder.text, type: wanted ?? found, origin: "let", node: binder };
  body.typing.lets.set(statement, local);
  return bindLocal(env, local);
}

function checkShadowing(body: Body, binder: Name): void {
  const { scope } = body.unit;
  const args = { name: binder.text };
  if (scope.functions.has(binder.text)) body.report("bynk.resolve.let_shadows_fn", binder.span, args);
  else if (scope.types.has(binder.text)) body.report("bynk.resolve.let_shadows_type", binder.span, args);
}

function reportAnnotation(body: Body, { span, words }: Mismatch): void {
  body.report("bynk.types.let_annotation_mismatch", span, words);
}

function inferLet(body: Body, env: Env | undefined, statement: LetStmt, wanted: Type | undefined): Type {
  if (wanted === undefined) return body.infer(env, statement.value);
  return checkAgainst(body, env, statement.value, wanting(wanted), (mismatch) => reportAnnotation(body, mismatch));
}

/** `let x <- e`: awaits an effect. */
function inferBound(body: Body, env: Env | undefined, statement: LetStmt, wanted: Type | undefined): Type {
  const { value } = statement;
  const found = body.infer(env, value, wanted && wanting(effectOf(wanted)));
  if (!body.effectful) {
    const result = printType(body.result);
    body.report("bynk.effect.bind_in_pure_context", value.span, { result });
  }
  if (found.kind === "error") return errorType;
  if (found.kind !== "effect") {
    const fixes = plainLet(body, statement);
    body.report("bynk.effect.bind_on_non_effect", value.span, { type: printType(found) }, { fixes });
    return found;
  }
  if (wanted !== undefined && !isAssignable(found.value, wanted)) {
    reportAnnotation(body, { span: value.span, words: compare(wanted, found.value) });
  }
  return found.value;
}

/** Turns the `<-` right before the value into `=`. */
function plainLet(body: Body, statement: LetStmt): readonly Fix[] {
  const { text } = body.source;
  const arrow = text.lastIndexOf("<-", statement.value.span.start - 1);
  if (arrow < statement.span.start || text.slice(arrow + 2, statement.value.span.start).trim() !== "") return [];
  return [createFix(body.source, "write `=`", [{ span: { start: arrow, end: arrow + 2 }, text: "=" }])];
}

/** The value of `do` and `~>`: an effect whose result nobody wants. */
function inferEffectful(body: Body, env: Env | undefined, value: Expr): Type {
  return body.infer(env, value, wanting(effectOf(unitType)));
}

function checkDo(body: Body, env: Env | undefined, statement: DoStmt): void {
  const { value } = statement;
  const found = inferEffectful(body, env, value);
  if (!body.effectful) body.report("bynk.effect.do_in_pure_context", value.span, { result: printType(body.result) });
  const args = { type: printType(found) };
  if (found.kind === "error") return;
  if (found.kind !== "effect") body.report("bynk.effect.do_on_non_effect", value.span, args);
  else if (!isUnit(found.value)) body.report("bynk.effect.do_requires_unit", value.span, args);
}

function checkSend(body: Body, env: Env | undefined, statement: SendStmt): void {
  const { value } = statement;
  const found = inferEffectful(body, env, value);
  if (!body.effectful) body.report("bynk.send.in_pure_context", value.span, { result: printType(body.result) });
  const args = { type: printType(found) };
  if (found.kind === "error") return;
  if (found.kind !== "effect") body.report("bynk.send.non_effect", value.span, args);
  else if (!isUnit(found.value)) body.report("bynk.send.requires_unit", value.span, args);
}
