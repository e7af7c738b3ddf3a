/** Comma-separated lists in brackets; one trailing comma is always allowed. */
import type { Token, TokenKind } from "../token.ts";
import type { ParseContext } from "./context.ts";
import { expectClosing, insertFix, reportUnclosed } from "./expect.ts";
import { isName } from "./names.ts";
import { skipUntil, startsDeclaration } from "./recover.ts";

type Closer = ")" | "]" | "}";

/** Reads elements up to `closer` and the closer itself. The opening bracket has been read and is `opener`. */
export function parseList<Element>(
  ctx: ParseContext,
  closer: Closer,
  opener: Token | undefined,
  parseElement: (ctx: ParseContext) => Element,
): readonly Element[] {
  const elements: Element[] = [];
  while (ctx.kind !== closer && ctx.kind !== "eof") {
    const before = ctx.at;
    elements.push(parseElement(ctx));
    if (ctx.eat(",")) continue;
    if (ctx.kind === closer || !recoverInList(ctx, closer, opener, before)) break;
  }
  expectClosing(ctx, closer, opener);
  return elements;
}

/** After an element that neither a comma nor the closer follows. True when another element can be read. */
function recoverInList(ctx: ParseContext, closer: Closer, opener: Token | undefined, before: number): boolean {
  const missingComma = ctx.at > before && ctx.token.firstOnLine && isName(ctx.token) && !startsDeclaration(ctx);
  const fixes = missingComma ? [insertFix(ctx, "insert the comma", ",", "behind")] : [];
  reportUnclosed(ctx, `\`,\` or \`${closer}\``, opener, fixes);
  if (missingComma) return true;
  skipUntil(ctx, (token) => token.kind === "," || isCloser(token.kind) || (token.kind === "{" && closer !== "}"));
  if (ctx.eat(",")) return true;
  if (ctx.kind !== closer) ctx.hush();
  return false;
}

function isCloser(kind: TokenKind): boolean {
  return kind === ")" || kind === "]" || kind === "}";
}
