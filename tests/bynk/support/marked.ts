/** Source with the expected place drawn into it: `fn «if»() -> Int`. Two marks together, `«»`, are an empty place. */
import type { Span } from "../../../src/bynk/syntax/ast.ts";

export interface Marked {
  readonly text: string;
  readonly spans: readonly Span[];
}

/** Takes the marks out and says where they stood. */
export function readMarked(drawn: string): Marked {
  const spans: Span[] = [];
  let text = "";
  for (const piece of drawn.split(/([«»])/)) {
    if (piece === "«") spans.push({ start: text.length, end: text.length });
    else if (piece === "»") spans.push({ start: spans.pop()?.start ?? 0, end: text.length });
    else text += piece;
  }
  return { text, spans };
}
