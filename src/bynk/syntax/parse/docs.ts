/**
 * Which doc block belongs to which construct (reference §1.3). A construct that may carry documentation takes the block
 * that ends on the line before it; blocks nobody took are orphans.
 */
import { createFix } from "../../diagnostics/diagnostic.ts";
import type { DocBlock } from "../ast.ts";
import type { PlacedDoc } from "../lex/state.ts";
import type { Reporter } from "../reporter.ts";

interface Known extends PlacedDoc {
  taken?: true;
  /** A construct would have taken it, had it stood on the line before. */
  wanted?: true;
  /** It stands in a stretch that was skipped after an error. */
  skipped?: true;
}

export class DocTable {
  readonly #docs: readonly Known[];
  readonly #byToken = new Map<number, Known>();

  constructor(docs: readonly PlacedDoc[]) {
    this.#docs = docs;
    for (const doc of docs) this.#byToken.set(doc.next, doc);
  }

  /** The doc block of the construct that starts at token `index`. */
  take(index: number): DocBlock | undefined {
    const doc = this.#byToken.get(index);
    if (doc === undefined) return undefined;
    if (!doc.adjacent) {
      doc.wanted = true;
      return undefined;
    }
    doc.taken = true;
    return doc.block;
  }

  /** Excuses the doc block before a token that recovery skipped. */
  excuse(index: number): void {
    const doc = this.#byToken.get(index);
    if (doc !== undefined) doc.skipped = true;
  }

  /** Warns of every block that documents nothing. */
  reportOrphans(reporter: Reporter, startOf: (index: number) => number): void {
    for (const doc of this.#docs) {
      if (doc.taken || doc.skipped) continue;
      const fixable = doc.wanted === true && doc.onlyBlankBetween;
      reporter.report(
        "bynk.parse.orphan_doc_block",
        doc.block.span,
        {},
        fixable ? joinLines(doc, reporter, startOf) : {},
      );
    }
  }
}

function joinLines(doc: Known, reporter: Reporter, startOf: (index: number) => number) {
  const between = { start: doc.block.span.end, end: startOf(doc.next) };
  const kept = /(?:\r\n|\n|\r)[ \t]*$/.exec(reporter.source.text.slice(between.start, between.end))?.[0] ?? "\n";
  const fix = createFix(reporter.source, "remove the blank line", [{ span: between, text: kept }]);
  return { variant: "blankLine", fixes: [fix] } as const;
}
