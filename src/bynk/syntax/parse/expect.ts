/** Asking for a token and saying what was found instead. */
import type { catalogue } from "../../diagnostics/catalogue/index.ts";
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import type { Span } from "../ast.ts";
import { describeToken, isFileEnd, type Punctuation, type ReservedWord, type Token } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { parseExpression } from "./nesting.ts";
import { skipUntil } from "./recover.ts";

/** Situations in which a missing token has a better hint than "expected X". Wordings: `catalogue/expected-token.ts`. */
type ExpectedVariant = keyof (typeof catalogue)["bynk.parse.expected_token"]["variants"];

/** Those that anyone may name; "closing" is for `expectClosing`, which has a second place to show. */
export type Situation = Exclude<ExpectedVariant, "closing">;

export interface Expectation {
  readonly variant?: Situation;
  readonly fixes?: readonly Fix[];
}

/** Reads a token of this kind, or reports that `phrase` was expected and reads nothing. */
export function expectToken(
  ctx: ParseContext,
  kind: Punctuation | ReservedWord,
  phrase = `\`${kind}\``,
  expectation: Expectation = {},
): Token | undefined {
  if (ctx.kind === kind) return ctx.next();
  reportExpected(ctx, phrase, expectation);
  return undefined;
}

/** Reads a contextual keyword, or reports it missing. */
export function expectWord(ctx: ParseContext, word: string): Token | undefined {
  const found = ctx.eatWord(word);
  if (found === undefined) reportExpected(ctx, `\`${word}\``);
  return found;
}

/** Reports that `phrase` was expected where the next token stands; at the end of the file, that the file ended. */
export function reportExpected(ctx: ParseContext, phrase: string, expectation: Expectation = {}): void {
  if (ctx.isEcho) return;
  const { token } = ctx;
  if (isFileEnd(token)) {
    reportEnd(ctx, phrase);
    return;
  }
  const { variant = "default" as const, fixes = [] } = expectation;
  ctx.report(
    "bynk.parse.expected_token",
    { start: token.start, end: token.end },
    { expected: phrase, found: describeToken(token) },
    { variant, fixes },
  );
}

/** Reads the closing bracket of `opener`, or points at both places. */
export function expectClosing(ctx: ParseContext, kind: ")" | "]" | "}", opener: Token | undefined): Token | undefined {
  const isBrokenLine = (ctx.kind === "+" || ctx.kind === "-") && ctx.token.firstOnLine;
  if (isBrokenLine) readOverOperator(ctx, `\`${kind}\``);
  const closing = ctx.eat(kind);
  if (closing === undefined) reportUnclosed(ctx, `\`${kind}\``, opener);
  return closing;
}

/** Reads the closing bracket of `opener`; when something else stands there, skips to it on the same line. */
export function closeGroup(ctx: ParseContext, kind: ")" | "]", opener: Token): void {
  if (expectClosing(ctx, kind, opener) !== undefined) return;
  skipUntil(ctx, (token) => token.firstOnLine || token.kind === kind || token.kind === "{" || token.kind === "}");
  if (ctx.eat(kind) === undefined) ctx.hush();
}

/** `(a` and `+ b)` on the next line: what is meant is plain, so the operand is read too. */
function readOverOperator(ctx: ParseContext, phrase: string): void {
  const { token } = ctx;
  const fix = createFix(ctx.source, "move the operator to the line above", [
    { span: { start: ctx.lastEnd, end: ctx.lastEnd }, text: ` ${token.text}` },
    { span: { start: token.start, end: ctx.peek().start }, text: "" },
  ]);
  reportExpected(ctx, phrase, { variant: "operatorLine", fixes: [fix] });
  ctx.next();
  parseExpression(ctx);
}

/** Reports that `phrase` was expected to end what `opener` began. */
export function reportUnclosed(
  ctx: ParseContext,
  phrase: string,
  opener: Token | undefined,
  fixes: readonly Fix[] = [],
): void {
  const { token } = ctx;
  if (ctx.isEcho) return;
  const span = { start: token.start, end: token.end };
  const related = opener === undefined ? [] : [openedHere(opener)];
  if (isFileEnd(token)) ctx.report("bynk.parse.unexpected_eof", span, { expected: phrase }, { related });
  else {
    const args = { expected: phrase, found: describeToken(token) };
    ctx.report("bynk.parse.expected_token", span, args, { variant: "closing", related, fixes });
  }
}

function openedHere(opener: Token) {
  return { span: { start: opener.start, end: opener.end }, message: `\`${opener.text}\` is opened here` };
}

/** A fix that puts `text` right before the next token, or right behind the last one read. */
export function insertFix(ctx: ParseContext, title: string, text: string, where: "before" | "behind"): Fix {
  const offset = where === "before" ? ctx.token.start : ctx.lastEnd;
  return createFix(ctx.source, title, [{ span: { start: offset, end: offset }, text }]);
}

/** A fix that writes `text` in place of what stands at `span`. */
export function replaceFix(ctx: ParseContext, span: Span, text: string, title = `write \`${text}\``): Fix {
  return createFix(ctx.source, title, [{ span, text }]);
}

function reportEnd(ctx: ParseContext, phrase: string): void {
  const { start, end } = ctx.token;
  ctx.report("bynk.parse.unexpected_eof", { start, end }, { expected: phrase });
}
