/**
 * The parser of Bynk, the whole flow on one screen: text → tokens → tree, with every problem found on the way.
 *
 * I1. It never throws, whatever the text, and it reports every syntax error it can find.
 * I2. Time grows with the length of the text; nesting is bounded (`maxNesting`, `maxHeight`).
 * I3. The tokens tile the text, so printing them gives it back (`format/print-lossless.ts`).
 * I4. No diagnostic and no node reaches outside the file.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { createSourceFile, type SourceFile } from "../diagnostics/source-file.ts";
import type { FileNode } from "./ast.ts";
import { matchBrackets } from "./brackets.ts";
import { lex } from "./lex.ts";
import { parseBraces } from "./parse/block.ts";
import { ParseContext } from "./parse/context.ts";
import { DocTable } from "./parse/docs.ts";
import { parseOperators } from "./parse/expressions.ts";
import { parseUnits } from "./parse/unit.ts";
import { Reporter } from "./reporter.ts";
import { checkSingleFile } from "./single-file.ts";
import type { Token } from "./token.ts";

/** A parsed file. */
export interface SyntaxTree {
  readonly source: SourceFile;
  readonly ast: FileNode;
  /** All tokens, blanks and comments included, tiling the text. */
  readonly tokens: readonly Token[];
  /** In the order of the source; at most `maxDiagnostics`. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface ParseOptions {
  /** The file stands alone: exactly one commons (reference §2.1). Default false. */
  readonly singleFile?: boolean;
}

/** Parses one file. Never throws; what cannot be read is in `diagnostics` and as error nodes in `ast`. */
export function parseFile(path: string, text: string, options: ParseOptions = {}): SyntaxTree {
  const source = createSourceFile(path, text);
  const reporter = new Reporter(source);
  const { tokens, significant, comments, docs } = lex(text, reporter);
  const docTable = new DocTable(docs);
  const ctx = new ParseContext({
    tokens: significant,
    partner: matchBrackets(significant),
    docs: docTable,
    reporter,
    rules: { expression: parseOperators, block: parseBraces },
  });
  const units = parseUnits(ctx);
  docTable.reportOrphans(reporter, (index) => significant[index]?.start ?? text.length);
  if (options.singleFile) checkSingleFile(units, reporter);
  const span = { start: 0, end: text.length };
  const ast: FileNode = { kind: "File", units, comments, docBlocks: docs.map((doc) => doc.block), span };
  return { source, ast, tokens, diagnostics: reporter.finish() };
}
