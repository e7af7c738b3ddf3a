/** The protocol in a service's header (reference §12.1, §28). */
import { nearestOf } from "../../diagnostics/nearest.ts";
import type { EventPatternField, EventPatternValue, Protocol, ViaClause } from "../ast.ts";
import type { Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { closeGroup, expectClosing, expectToken, replaceFix, reportExpected } from "./expect.ts";
import { atSignedNumber, boolLiteralOf, intLiteralOf, parsePlainString, parseSignedNumber } from "./literals.ts";
import { isName, missingName, nameOf, parseName } from "./names.ts";
import { skipOne, skipUntil } from "./recover.ts";
import { parseType } from "./types.ts";

const protocolNames = ["http", "cron", "queue", "WebSocket", "websocket", "Events"] as const;

/** Behind `from`. */
export function parseProtocol(ctx: ParseContext): Protocol {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  switch (token.text) {
    case "http":
      ctx.next();
      return { kind: "HttpProtocol", span };
    case "cron":
      ctx.next();
      return { kind: "CronProtocol", span };
    case "queue":
      return parseQueue(ctx);
    case "WebSocket":
    case "websocket":
      return parseWebSocket(ctx);
    case "Events":
      return parseEvents(ctx);
    default:
      return failProtocol(ctx);
  }
}

/** `queue("name")` */
function parseQueue(ctx: ParseContext): Protocol {
  const { start } = ctx.next();
  const opener = expectToken(ctx, "(", "`(` and the name of the queue");
  const queue = parsePlainString(ctx, "the name of the queue as a string");
  if (opener !== undefined) closeGroup(ctx, ")", opener);
  return { kind: "QueueProtocol", queue, span: ctx.spanFrom(start) };
}

/** `WebSocket(in: A, out: B)`; whatever is wrong with the arguments is one report. */
function parseWebSocket(ctx: ParseContext): Protocol {
  const word = ctx.next();
  if (!startsWebSocketArgs(ctx)) return failWebSocket(ctx, word);
  const opener = ctx.next();
  ctx.next();
  ctx.next();
  const inbound = parseType(ctx);
  if (!(ctx.kind === "," && ctx.peek(1).text === "out" && ctx.peek(2).kind === ":")) return failWebSocket(ctx, word);
  ctx.next();
  ctx.next();
  ctx.next();
  const outbound = parseType(ctx);
  ctx.eat(",");
  expectClosing(ctx, ")", opener);
  return { kind: "WebSocketProtocol", in: inbound, out: outbound, span: ctx.spanFrom(word.start) };
}

function startsWebSocketArgs(ctx: ParseContext): boolean {
  return ctx.kind === "(" && ctx.peek(1).text === "in" && ctx.peek(2).kind === ":";
}

function failWebSocket(ctx: ParseContext, word: Token): Protocol {
  ctx.report("bynk.service.websocket_header", { start: word.start, end: word.end }, { word: word.text });
  skipHeader(ctx);
  return { kind: "ErrorProtocol", name: nameOf(word), span: ctx.spanFrom(word.start) };
}

/** `Events(Order { paid: true, .. }) via schema(2)` */
function parseEvents(ctx: ParseContext): Protocol {
  const { start } = ctx.next();
  const opener = expectToken(ctx, "(", "`(` and the event");
  const event = parseType(ctx);
  const pattern = ctx.kind === "{" && opener !== undefined ? parseEventPattern(ctx) : undefined;
  if (opener !== undefined) expectClosing(ctx, ")", opener);
  const via = ctx.atWord("via") ? parseVia(ctx) : undefined;
  return { kind: "EventsProtocol", event, pattern, via, span: ctx.spanFrom(start) };
}

/** `{ name: value, .. }`: the two dots are mandatory, since a pattern never lists every field. */
function parseEventPattern(ctx: ParseContext): readonly EventPatternField[] {
  const opener = ctx.next();
  const fields: EventPatternField[] = [];
  while (!endsEventPattern(ctx)) {
    const before = ctx.at;
    fields.push(parseEventField(ctx));
    if (!endsEventPattern(ctx)) expectToken(ctx, ",");
    if (ctx.at === before) break;
  }
  if (!ctx.eat("..") && fields.length > 0) reportExpected(ctx, "`..` at the end of the pattern");
  expectClosing(ctx, "}", opener);
  if (fields.length === 0) ctx.report("bynk.parse.event_pattern_empty", ctx.spanFrom(opener.start), {});
  return fields;
}

function endsEventPattern(ctx: ParseContext): boolean {
  return ctx.kind === ".." || ctx.kind === "}" || ctx.kind === "eof";
}

function parseEventField(ctx: ParseContext): EventPatternField {
  const { start } = ctx.token;
  const name = parseName(ctx, "the name of a field");
  expectToken(ctx, ":", "`:` and a value");
  const value = parseEventValue(ctx);
  return { kind: "EventPatternField", name, value, span: ctx.spanFrom(start) };
}

function parseEventValue(ctx: ParseContext): EventPatternValue {
  if (atSignedNumber(ctx)) return parseSignedNumber(ctx);
  if (ctx.kind === "true" || ctx.kind === "false") return boolLiteralOf(ctx.next());
  if (!isName(ctx.token)) return parsePlainString(ctx, "a literal or a variant");
  const first = nameOf(ctx.next());
  const variant = ctx.eat(".") ? parseName(ctx, "the name of a variant") : undefined;
  return {
    kind: "EventPatternVariant",
    qualifier: variant === undefined ? undefined : first,
    variant: variant ?? first,
    span: ctx.spanFrom(first.span.start),
  };
}

/** `via schema(2)` */
function parseVia(ctx: ParseContext): ViaClause {
  const { start } = ctx.next();
  const clause = parseName(ctx, "`schema`");
  if (clause.text !== "schema" && clause.text !== "") {
    ctx.report("bynk.service.unknown_via_clause", clause.span, { word: clause.text });
  }
  const opener = expectToken(ctx, "(", "`(` and a version");
  const version = ctx.kind === "int" ? intLiteralOf(ctx.next()) : undefined;
  if (version === undefined && opener !== undefined) reportExpected(ctx, "a whole number");
  if (opener !== undefined) expectClosing(ctx, ")", opener);
  return { kind: "ViaClause", clause, version, span: ctx.spanFrom(start) };
}

function failProtocol(ctx: ParseContext): Protocol {
  const { token } = ctx;
  if (!isName(token)) {
    reportExpected(ctx, "a protocol: `http`, `cron`, `queue(…)`");
    return { kind: "ErrorProtocol", name: missingName(ctx), span: ctx.placeHere() };
  }
  const name = nameOf(ctx.next());
  const nearest = nearestOf(name.text, protocolNames);
  const args = { word: name.text };
  if (nearest === undefined) ctx.report("bynk.service.unknown_protocol", name.span, args);
  else {
    const fixes = [replaceFix(ctx, name.span, nearest)];
    ctx.report("bynk.service.unknown_protocol", name.span, { ...args, nearest }, { variant: "near", fixes });
  }
  skipHeader(ctx);
  return { kind: "ErrorProtocol", name, span: name.span };
}

/** To the clauses behind the protocol, or its body. */
function skipHeader(ctx: ParseContext): void {
  if (ctx.kind === "(") skipOne(ctx);
  skipUntil(ctx, ({ kind }) => kind === "{" || kind === "}" || kind === "by" || kind === "given");
  ctx.hush();
}
