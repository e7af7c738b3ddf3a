/** Events and message bundles (reference §28, §29). Their words are plain names elsewhere. */
import type { DocBlock, EventDecl, MessageEntry, MessagesDecl } from "../ast.ts";
import { parseAnnotations } from "./clauses.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, reportUnclosed } from "./expect.ts";
import { parsePlainString } from "./literals.ts";
import { isName, parseName } from "./names.ts";
import { skipOne, skipUntil, startsDeclaration } from "./recover.ts";
import { parseRecordBody } from "./type-decl.ts";

/** True at `event Name`. */
export function startsEvent(ctx: ParseContext): boolean {
  return ctx.atWord("event") && isName(ctx.peek());
}

export function parseEvent(ctx: ParseContext, doc: DocBlock | undefined): EventDecl {
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of the event");
  const annotations = parseAnnotations(ctx);
  expectToken(ctx, "=", "`=` and the event's fields");
  const body = parseBody(ctx);
  return { kind: "EventDecl", doc, name, annotations, body, span: ctx.spanFrom(start) };
}

function parseBody(ctx: ParseContext): EventDecl["body"] {
  if (ctx.kind === "{") return parseRecordBody(ctx);
  expectToken(ctx, "{", "`{` and the event's fields");
  return { kind: "ErrorBody", span: ctx.placeHere() };
}

/** True at `messages "…"`. */
export function startsMessages(ctx: ParseContext): boolean {
  return ctx.atWord("messages") && ctx.peek().kind === "string";
}

export function parseMessages(ctx: ParseContext): MessagesDecl {
  const { start } = ctx.next();
  const locale = parsePlainString(ctx, "a locale tag as a string");
  const annotations = parseAnnotations(ctx);
  const opener = expectToken(ctx, "{", "`{` and the messages");
  const entries: MessageEntry[] = [];
  while (opener !== undefined && ctx.kind !== "}" && ctx.kind !== "eof" && !startsDeclaration(ctx)) {
    const before = ctx.at;
    entries.push(parseEntry(ctx));
    ctx.eat(",");
    if (ctx.at === before) skipEntry(ctx);
  }
  if (opener !== undefined && !ctx.eat("}")) reportUnclosed(ctx, "a message or `}`", opener);
  return { kind: "MessagesDecl", locale, annotations, entries, span: ctx.spanFrom(start) };
}

function parseEntry(ctx: ParseContext): MessageEntry {
  const { start } = ctx.token;
  const code = parsePlainString(ctx, "the code of a message as a string");
  expectToken(ctx, "=>", "`=>` and the text of the message");
  const template = parsePlainString(ctx, "the text of the message as a string");
  return { kind: "MessageEntry", code, template, span: ctx.spanFrom(start) };
}

function skipEntry(ctx: ParseContext): void {
  skipOne(ctx);
  skipUntil(ctx, (token) => token.kind === "}" || token.kind === "string");
  ctx.hush();
}
