/** Printing a tree as it was written: the ground on which the formatter stands. */
import type { SyntaxTree } from "../syntax/parse.ts";

/** The source of the tree, byte for byte, put together from its tokens. */
export function printLossless(tree: SyntaxTree): string {
  return tree.tokens.map((token) => token.text).join("");
}
