/** Repairs of comma-separated lists. */
import { createFix, type Fix } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { Span } from "../syntax/ast.ts";

/** Removes one of several elements with the comma beside it. */
export function removeElement(
  source: SourceFile,
  title: string,
  elements: readonly Span[],
  index: number,
): readonly Fix[] {
  const element = elements[index];
  const before = elements[index - 1];
  const after = elements[index + 1];
  if (element === undefined) return [];
  if (before !== undefined) {
    return [createFix(source, title, [{ span: { start: before.end, end: element.end }, text: "" }])];
  }
  if (after === undefined) return [];
  return [createFix(source, title, [{ span: { start: element.start, end: after.start }, text: "" }])];
}
