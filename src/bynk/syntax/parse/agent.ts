/** Agents (reference §23). Their parts stand in a fixed order: key, stores, invariants and transitions, handlers. */
import type { AgentDecl, DocBlock, Handler, Param, StatePredicate, StoreField } from "../ast.ts";
import { describeToken, type Token } from "../token.ts";
import { parseAnnotations, parseParam } from "./clauses.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, reportUnclosed } from "./expect.ts";
import { parseHandler, startsHandler } from "./handler.ts";
import { parseName } from "./names.ts";
import { parseExpression } from "./nesting.ts";
import { skipOne, skipUntil, startsDeclaration } from "./recover.ts";
import { parseTypeArgs } from "./types.ts";

interface AgentBody {
  key: Param | undefined;
  readonly stores: StoreField[];
  readonly invariants: StatePredicate[];
  readonly transitions: StatePredicate[];
  readonly handlers: Handler[];
}

/** At `agent`. */
export function parseAgent(ctx: ParseContext, doc: DocBlock | undefined): AgentDecl {
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of the agent");
  const opener = expectToken(ctx, "{", "`{` and the agent's key");
  const body: AgentBody = { key: undefined, stores: [], invariants: [], transitions: [], handlers: [] };
  if (opener !== undefined) parseBody(ctx, opener, name.span, body);
  return { kind: "AgentDecl", doc, name, ...body, span: ctx.spanFrom(start) };
}

function parseBody(ctx: ParseContext, opener: Token, name: { start: number; end: number }, body: AgentBody): void {
  if (ctx.kind === "}") {
    ctx.report("bynk.parse.empty_agent", name, {});
    ctx.next();
    return;
  }
  body.key = parseKey(ctx);
  while (!endsBody(ctx)) parseMember(ctx, body);
  if (body.stores.length === 0 && !ctx.isEcho) ctx.report("bynk.parse.expected_agent_storage", name, {});
  if (!ctx.eat("}")) reportUnclosed(ctx, "a member of the agent or `}`", opener);
}

function endsBody(ctx: ParseContext): boolean {
  return ctx.kind === "}" || ctx.kind === "eof" || startsDeclaration(ctx);
}

/** `key name: Type` */
function parseKey(ctx: ParseContext): Param | undefined {
  if (ctx.eatWord("key")) return parseParam(ctx);
  const { start, end } = ctx.token;
  if (!ctx.isEcho) ctx.report("bynk.parse.expected_agent_key", { start, end }, { found: describeToken(ctx.token) });
  return undefined;
}

function parseMember(ctx: ParseContext, body: AgentBody): void {
  const late = body.handlers.length > 0;
  const { start, end } = ctx.token;
  if (isStore(ctx)) {
    const misplaced = late || body.invariants.length + body.transitions.length > 0;
    if (misplaced) ctx.report("bynk.parse.storage_after_phase", { start, end }, {});
    body.stores.push(parseStore(ctx));
  } else if (ctx.kind === "invariant") {
    if (late) ctx.report("bynk.parse.invariant_after_handler", { start, end }, {});
    body.invariants.push(parseStatePredicate(ctx, "invariant"));
  } else if (ctx.kind === "transition") {
    if (late) ctx.report("bynk.parse.transition_after_handler", { start, end }, {});
    body.transitions.push(parseStatePredicate(ctx, "transition"));
  } else if (startsHandler(ctx)) {
    const handler = parseHandler(ctx, "agent");
    if (handler !== undefined) body.handlers.push(handler);
  } else failMember(ctx);
}

function isStore(ctx: ParseContext): boolean {
  return ctx.atWord("store") && ctx.peek().kind !== ":";
}

/** `store name: Kind[T] @annotation = initial` */
function parseStore(ctx: ParseContext): StoreField {
  const doc = ctx.docs.take(ctx.at);
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of the stored value");
  expectToken(ctx, ":", "`:` and the kind of storage");
  const storage = parseName(ctx, "a kind of storage such as `Cell`");
  const bracketed = ctx.kind === "[";
  if (!bracketed) expectToken(ctx, "[", "`[` and what is stored");
  const args = bracketed ? parseTypeArgs(ctx) : [];
  const annotations = belongToHandler(ctx) ? [] : parseAnnotations(ctx);
  const initial = ctx.eat("=") ? parseExpression(ctx) : undefined;
  return { kind: "StoreField", doc, name, storage, args, annotations, initial, span: ctx.spanFrom(start) };
}

/** True at annotations on a line of their own that stand before a handler. */
function belongToHandler(ctx: ParseContext): boolean {
  if (ctx.kind !== "@" || !ctx.token.firstOnLine) return false;
  let at = ctx.at;
  while (ctx.tokens[at]?.kind === "@") {
    at += 2;
    const closing = ctx.tokens[at]?.kind === "(" ? (ctx.partner[at] ?? -1) : -1;
    if (closing > 0) at = closing + 1;
  }
  return ctx.tokens[at]?.kind === "on";
}

/** `invariant name: e`, `transition name: e` */
function parseStatePredicate(ctx: ParseContext, clause: "invariant" | "transition"): StatePredicate {
  const doc = ctx.docs.take(ctx.at);
  const { start } = ctx.next();
  const name = parseName(ctx, `the name of the ${clause}`);
  expectToken(ctx, ":", "`:` and the predicate");
  const predicate = parseExpression(ctx);
  return { kind: "StatePredicate", clause, doc, name, predicate, span: ctx.spanFrom(start) };
}

function failMember(ctx: ParseContext): void {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  if (!ctx.isEcho) {
    ctx.report("bynk.parse.expected_handler", span, { found: describeToken(token) }, { variant: "agent" });
  }
  skipOne(ctx);
  skipUntil(ctx, (next) => next.kind === "}" || (next.firstOnLine && startsMember(ctx)));
  ctx.hush();
}

function startsMember(ctx: ParseContext): boolean {
  return isStore(ctx) || startsHandler(ctx) || ctx.kind === "invariant" || ctx.kind === "transition";
}
