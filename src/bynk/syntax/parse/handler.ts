/** Handlers of services and agents (reference §12.1, §23). `by` may stand before the parameters or after the result. */
import { createFix } from "../../diagnostics/diagnostic.ts";
import { nearestOf } from "../../diagnostics/nearest.ts";
import type { Annotation, ByClause, Handler, HandlerEntry, HttpEntry, Span, StringLiteral } from "../ast.ts";
import { describeToken } from "../token.ts";
import { parseAnnotations, parseBy, parseGiven, parseParams, parseResult } from "./clauses.ts";
import type { ParseContext } from "./context.ts";
import { closeGroup, expectToken, replaceFix, reportExpected, type Situation } from "./expect.ts";
import { parsePlainString } from "./literals.ts";
import { missingName, nameOf, parseName } from "./names.ts";
import { parseBlock } from "./nesting.ts";

type Owner = "service" | "agent";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const entryWords = [...methods, "call", "schedule", "message", "open", "close", "event"] as const;

/** True at `on` or at an annotation in front of it. */
export function startsHandler(ctx: ParseContext): boolean {
  return ctx.kind === "on" || ctx.kind === "@";
}

/** True at `GET(` and its like without the `on`. */
export function isHandlerWithoutOn(ctx: ParseContext): boolean {
  return ctx.token.firstOnLine && isMethod(ctx.token.text) && ctx.peek().kind === "(";
}

function isMethod(word: string): boolean {
  return methods.some((method) => method === word);
}

/** Where `startsHandler`. Undefined when annotations stand before nothing; then it is reported. */
export function parseHandler(ctx: ParseContext, owner: Owner): Handler | undefined {
  const doc = ctx.docs.take(ctx.at);
  const { start } = ctx.token;
  const annotations = parseAnnotations(ctx);
  if (!ctx.eat("on") && !isHandlerWithoutOn(ctx)) return failDangling(ctx, annotations);
  const entry = parseEntry(ctx, owner);
  const before = parseBy(ctx, "before");
  const params = parseParams(ctx);
  const between = ctx.kind === "by" ? parseMisplacedBy(ctx, "`->` and the result type", "byInBetween") : undefined;
  const result = parseResult(ctx);
  const after = parseBy(ctx, "after");
  const given = parseGiven(ctx);
  const late = ctx.kind === "by" ? parseMisplacedBy(ctx, "`{` to open the body", "givenBeforeBy") : undefined;
  const by = chooseBy(ctx, owner, before ?? between, after ?? late);
  const body = parseBlock(ctx, "the body of the handler");
  const span = ctx.spanFrom(start);
  return { kind: "Handler", doc, annotations, entry, by, params, result, given, body, span };
}

function failDangling(ctx: ParseContext, annotations: readonly Annotation[]): undefined {
  const last = annotations.at(-1);
  if (last !== undefined && !ctx.isEcho) {
    ctx.report("bynk.parse.dangling_handler_annotation", last.span, {
      annotation: last.name.text,
      found: describeToken(ctx.token),
    });
  }
  ctx.hush();
  return undefined;
}

/** Understood, but not where it belongs. */
function parseMisplacedBy(ctx: ParseContext, phrase: string, variant: Situation): ByClause | undefined {
  reportExpected(ctx, phrase, { variant });
  return parseBy(ctx, "after");
}

function chooseBy(
  ctx: ParseContext,
  owner: Owner,
  before: ByClause | undefined,
  after: ByClause | undefined,
): ByClause | undefined {
  const by = before ?? after;
  if (by !== undefined && owner === "agent") ctx.report("bynk.actor.by_on_agent", by.span, {});
  else if (before !== undefined && after !== undefined) {
    const related = [{ span: before.span, message: "the caller is already named here" }];
    ctx.report("bynk.parse.duplicate_by", after.span, {}, { related });
  }
  return by;
}

/** Behind `on`. */
function parseEntry(ctx: ParseContext, owner: Owner): HandlerEntry {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  if (owner === "agent" && token.text !== "call") return failAgentEntry(ctx);
  switch (token.text) {
    case "call":
      return parseCall(ctx, owner);
    case "GET":
    case "POST":
    case "PUT":
    case "PATCH":
    case "DELETE":
      return parseRoute(ctx);
    case "schedule":
      ctx.next();
      return { kind: "ScheduleEntry", schedule: parseData(ctx, "the schedule"), span: ctx.spanFrom(span.start) };
    case "message":
      ctx.next();
      return { kind: "OnMessageEntry", span };
    case "open":
      ctx.next();
      return { kind: "OpenEntry", span };
    case "close":
      ctx.next();
      return { kind: "CloseEntry", span };
    case "event":
      ctx.next();
      return { kind: "EventEntry", span };
    default:
      return failEntry(ctx, span);
  }
}

/** `call` in a service, whose own name is the callable one; `call name` in an agent. */
function parseCall(ctx: ParseContext, owner: Owner): HandlerEntry {
  const { start } = ctx.next();
  if (owner === "agent") {
    const name = parseName(ctx, "the name of the handler");
    return { kind: "CallEntry", name, span: ctx.spanFrom(start) };
  }
  const span = ctx.spanFrom(start);
  if (ctx.kind !== "name") return { kind: "CallEntry", name: undefined, span };
  reportExpected(ctx, "`(` and the parameters", { variant: "serviceCallName" });
  return { kind: "CallEntry", name: nameOf(ctx.next()), span: ctx.spanFrom(start) };
}

function parseRoute(ctx: ParseContext): HandlerEntry {
  // The switch in `parseEntry` has seen that the word is one of the five.
  const method = nameOf(ctx.next()) as HttpEntry["method"];
  const path = parseData(ctx, "the path");
  return { kind: "HttpEntry", method, path, span: ctx.spanFrom(method.span.start) };
}

/** `("…")` */
function parseData(ctx: ParseContext, what: string): StringLiteral {
  if (ctx.kind === "string") return parseBareData(ctx, what);
  const opener = expectToken(ctx, "(", `\`(\` and ${what}`);
  const data = parsePlainString(ctx, `${what} as a string`);
  if (opener !== undefined) closeGroup(ctx, ")", opener);
  return data;
}

/** `on GET "/path"` */
function parseBareData(ctx: ParseContext, what: string): StringLiteral {
  const { end, text } = ctx.token;
  const fix = createFix(ctx.source, "put it in brackets", [{ span: { start: ctx.lastEnd, end }, text: `(${text})` }]);
  reportExpected(ctx, `\`(\` and ${what}`, { variant: "dataBrackets", fixes: [fix] });
  return parsePlainString(ctx, what);
}

function failEntry(ctx: ParseContext, span: Span): HandlerEntry {
  const { token } = ctx;
  if (token.kind !== "name") {
    reportExpected(ctx, "an entry point such as `GET(…)` or `call`");
    return { kind: "ErrorEntry", name: missingName(ctx), span: ctx.placeHere() };
  }
  const nearest = nearestOf(token.text, entryWords);
  if (nearest === undefined) ctx.report("bynk.parse.unknown_handler_kind", span, { word: token.text });
  else {
    const fixes = [replaceFix(ctx, span, nearest)];
    ctx.report("bynk.parse.unknown_handler_kind", span, { word: token.text, nearest }, { variant: "near", fixes });
  }
  return skipEntry(ctx);
}

/** Agents are called by name and nothing else. */
function failAgentEntry(ctx: ParseContext): HandlerEntry {
  const { token } = ctx;
  if (token.kind !== "name") return failEntry(ctx, { start: token.start, end: token.end });
  ctx.report("bynk.parse.handler_in_agent", { start: token.start, end: token.end }, { word: token.text });
  return skipEntry(ctx);
}

/** An unknown word and the data in brackets behind it, so that the rest of the handler can be read. */
function skipEntry(ctx: ParseContext): HandlerEntry {
  const name = nameOf(ctx.next());
  const hasData = ctx.kind === "(" && (ctx.peek().kind === "string" || ctx.peek().kind === "stringHead");
  if (hasData) parseData(ctx, "the data");
  return { kind: "ErrorEntry", name, span: ctx.spanFrom(name.span.start) };
}
