/** Services (reference §12): header, policies, handlers. */
import type { DocBlock, Handler, Policy, PolicyField, ServiceDecl } from "../ast.ts";
import { describeToken, type Token } from "../token.ts";
import { parseBy, parseGiven } from "./clauses.ts";
import type { ParseContext } from "./context.ts";
import { expectToken, insertFix, reportExpected, reportUnclosed } from "./expect.ts";
import { isHandlerWithoutOn, parseHandler, startsHandler } from "./handler.ts";
import { nameOf, parseName } from "./names.ts";
import { parseExpression } from "./nesting.ts";
import { parseProtocol } from "./protocol.ts";
import { skipOne, skipUntil, startsDeclaration } from "./recover.ts";

/** At `service`. */
export function parseService(ctx: ParseContext, doc: DocBlock | undefined): ServiceDecl {
  const { start } = ctx.next();
  const name = parseName(ctx, "the name of the service");
  const protocol = ctx.eat("from") || mendFrom(ctx) ? parseProtocol(ctx) : undefined;
  const by = parseBy(ctx, "service");
  const given = parseGiven(ctx);
  const opener = expectToken(ctx, "{", "`{` and the handlers");
  const { policies, handlers, isWhole } = opener === undefined ? emptyBody : parseBody(ctx, opener);
  if (opener !== undefined && handlers.length === 0 && isWhole)
    ctx.report("bynk.parse.empty_service", name.span, { name: name.text });
  return { kind: "ServiceDecl", doc, name, protocol, by, given, policies, handlers, span: ctx.spanFrom(start) };
}

/** `service s http`; true when the protocol can be read. */
function mendFrom(ctx: ParseContext): boolean {
  const { kind } = ctx;
  if (kind !== "http" && kind !== "cron" && kind !== "queue") return false;
  const fixes = [insertFix(ctx, "insert `from`", "from ", "before")];
  reportExpected(ctx, "`from` before the protocol", { variant: "fromMissing", fixes });
  return true;
}

interface ServiceBody {
  readonly policies: readonly Policy[];
  readonly handlers: readonly Handler[];
  /** Nothing in it was skipped. */
  readonly isWhole: boolean;
}

const emptyBody: ServiceBody = { policies: [], handlers: [], isWhole: true };

function parseBody(ctx: ParseContext, opener: Token): ServiceBody {
  const policies: Policy[] = [];
  const handlers: Handler[] = [];
  let isWhole = true;
  while (ctx.kind !== "}" && ctx.kind !== "eof" && !startsDeclaration(ctx)) {
    const missingOn = isHandlerWithoutOn(ctx);
    if (missingOn) reportMissingOn(ctx);
    if (missingOn || startsHandler(ctx)) {
      const handler = parseHandler(ctx, "service");
      if (handler !== undefined) handlers.push(handler);
    } else if (startsPolicy(ctx)) policies.push(parsePolicy(ctx, policies));
    else {
      failMember(ctx);
      isWhole = false;
    }
  }
  if (!ctx.eat("}")) reportUnclosed(ctx, "a handler or `}`", opener);
  return { policies, handlers, isWhole };
}

function reportMissingOn(ctx: ParseContext): void {
  const { start, end } = ctx.token;
  const fixes = [insertFix(ctx, "insert `on`", "on ", "before")];
  const args = { found: describeToken(ctx.token) };
  ctx.report("bynk.parse.expected_handler", { start, end }, args, { variant: "onMissing", fixes });
}

function failMember(ctx: ParseContext): void {
  const { token } = ctx;
  const span = { start: token.start, end: token.end };
  if (!ctx.isEcho) ctx.report("bynk.parse.expected_handler", span, { found: describeToken(token) });
  skipOne(ctx);
  skipUntil(ctx, (next) => next.kind === "}" || (next.firstOnLine && startsMember(ctx)));
  ctx.hush();
}

function startsMember(ctx: ParseContext): boolean {
  return startsHandler(ctx) || startsPolicy(ctx);
}

/** True at `cors {`, `security {` or `limits {`. */
function startsPolicy(ctx: ParseContext): boolean {
  return (ctx.atWord("cors") || ctx.atWord("security") || ctx.atWord("limits")) && ctx.peek().kind === "{";
}

function parsePolicy(ctx: ParseContext, earlier: readonly Policy[]): Policy {
  // `startsPolicy` has seen that the word is one of the three.
  const section = nameOf(ctx.next()) as Policy["section"];
  reportRepeated(ctx, section, earlier);
  const opener = ctx.next();
  const fields = parseFields(ctx, opener);
  return { kind: "Policy", section, fields, span: ctx.spanFrom(section.span.start) };
}

function reportRepeated(ctx: ParseContext, section: Policy["section"], earlier: readonly Policy[]): void {
  const first = earlier.find((policy) => policy.section.text === section.text);
  if (first === undefined) return;
  const related = [{ span: first.section.span, message: "the first one is here" }];
  ctx.report(`bynk.parse.duplicate_${section.text}`, section.span, {}, { related });
}

/** `name: value`, with optional commas between. */
function parseFields(ctx: ParseContext, opener: Token): readonly PolicyField[] {
  const fields: PolicyField[] = [];
  while (ctx.kind !== "}" && ctx.kind !== "eof" && !startsDeclaration(ctx)) {
    const before = ctx.at;
    fields.push(parseField(ctx));
    ctx.eat(",");
    if (ctx.at > before) continue;
    skipOne(ctx);
    skipUntil(ctx, (token) => token.kind === "}" || token.firstOnLine);
    ctx.hush();
  }
  if (!ctx.eat("}")) reportUnclosed(ctx, "a setting or `}`", opener);
  return fields;
}

function parseField(ctx: ParseContext): PolicyField {
  const { start } = ctx.token;
  const name = parseName(ctx, "the name of a setting");
  if (!ctx.eat(":")) {
    reportExpected(ctx, "`:` and a value");
    return {
      kind: "PolicyField",
      name,
      value: { kind: "ErrorExpr", span: ctx.placeHere() },
      span: ctx.spanFrom(start),
    };
  }
  const value = ctx.unrestricted(() => parseExpression(ctx));
  return { kind: "PolicyField", name, value, span: ctx.spanFrom(start) };
}
