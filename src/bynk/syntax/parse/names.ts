/** Names and dotted names (reference §1.4). */
import type { Name, QualifiedName } from "../ast.ts";
import { nameableWords, reserved, type Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { reportExpected } from "./expect.ts";
import { startsDeclaration } from "./recover.ts";

/** True at a plain name or a reserved word that may be one. */
export function isName(token: Token): boolean {
  return token.kind === "name" || nameableWords.has(token.kind);
}

export function startsUpperCase(text: string): boolean {
  return text >= "A" && text < "[";
}

export function nameOf(token: Token): Name {
  return { kind: "Name", text: token.text, span: { start: token.start, end: token.end } };
}

/** A name that was not there. */
export function missingName(ctx: ParseContext): Name {
  return { kind: "Name", text: "", span: ctx.placeHere() };
}

/** Reads a name. A reserved word in its place is reported and taken as the name, so that reading can go on. */
export function parseName(ctx: ParseContext, phrase: string): Name {
  if (isName(ctx.token)) return nameOf(ctx.next());
  if (reserved.has(ctx.kind) && !startsDeclaration(ctx)) return takeReserved(ctx);
  if (ctx.kind === "_" && isName(ctx.peek()) && ctx.peek().start === ctx.token.end) return takeUnderscored(ctx, phrase);
  reportExpected(ctx, phrase);
  return missingName(ctx);
}

/** `a.b.c` */
export function parseQualifiedName(ctx: ParseContext, phrase: string): QualifiedName {
  const start = ctx.token.start;
  const parts = [parseName(ctx, phrase)];
  while (ctx.kind === ".") {
    ctx.next();
    parts.push(parseName(ctx, "a name after the dot"));
  }
  return { kind: "QualifiedName", parts, text: parts.map((part) => part.text).join("."), span: ctx.spanFrom(start) };
}

function takeReserved(ctx: ParseContext): Name {
  const { start, end, text } = ctx.token;
  ctx.report("bynk.parse.reserved_keyword", { start, end }, { word: text });
  return nameOf(ctx.next());
}

/** `_x` is two tokens (reference §1.4); nobody who writes it means that. */
function takeUnderscored(ctx: ParseContext, phrase: string): Name {
  reportExpected(ctx, phrase, { variant: "underscoreName" });
  ctx.next();
  return nameOf(ctx.next());
}
