/** Record literals and updates (reference §7.3, §7.5). */
import type { Expr, FieldInit, Name } from "../ast.ts";
import { reserved, type Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { expectClosing } from "./expect.ts";
import { parseList } from "./lists.ts";
import { isName, parseName } from "./names.ts";
import { parseExpression } from "./nesting.ts";

/** At `{` behind a name: true when it opens a record and not the body of an `if` or `match`. */
export function isRecordBody(ctx: ParseContext): boolean {
  if (ctx.restriction.noRecord) return false;
  const first = ctx.peek(1);
  const second = ctx.peek(2).kind;
  if (first.kind === "}" || first.kind === "...") return true;
  if (isName(first)) return second === ":" || second === "," || second === "}";
  // No block can begin with a reserved word and a colon, so this is a field with a name it may not have.
  return reserved.has(first.kind) && second === ":";
}

/** At `{`: true when it opens an update without a type name. */
export function isUpdate(ctx: ParseContext): boolean {
  return ctx.peek().kind === "...";
}

/** `{ … }` behind the name of a type, with `{` next. */
export function parseRecord(ctx: ParseContext, type: Name): Expr {
  if (isUpdate(ctx)) return parseUpdate(ctx, type);
  const opener = ctx.next();
  const fields = ctx.unrestricted(() => parseList(ctx, "}", opener, parseFieldInit));
  return { kind: "RecordLiteral", type, fields, span: ctx.spanFrom(type.span.start) };
}

/** `{ ...base, field: value }` with `{` next. */
export function parseUpdate(ctx: ParseContext, type: Name | undefined): Expr {
  const opener = ctx.next();
  ctx.next();
  const start = type?.span.start ?? opener.start;
  return ctx.unrestricted(() => {
    const base = parseExpression(ctx);
    const fields = parseOverrides(ctx, opener);
    return { kind: "RecordUpdate", type, base, fields, span: ctx.spanFrom(start) };
  });
}

function parseOverrides(ctx: ParseContext, opener: Token): readonly FieldInit[] {
  if (ctx.eat(",")) return parseList(ctx, "}", opener, parseFieldInit);
  expectClosing(ctx, "}", opener);
  return [];
}

/** `name: value`, or `name` alone for the variable of that name. */
export function parseFieldInit(ctx: ParseContext): FieldInit {
  const { start } = ctx.token;
  const name = parseName(ctx, "the name of a field");
  if (!ctx.eat(":")) {
    const value: Expr = { kind: "NameExpr", name, span: name.span };
    return { kind: "FieldInit", name, value, shorthand: true, span: name.span };
  }
  const value = parseExpression(ctx);
  return { kind: "FieldInit", name, value, shorthand: false, span: ctx.spanFrom(start) };
}
