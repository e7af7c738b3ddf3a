/** The lock file of event schemas (reference §28). Events are ring 2; that the file can be read is checked already. */
import { createSourceFile } from "../diagnostics/source-file.ts";
import type { Findings } from "./findings.ts";

export const schemaLockPath = "bynk.schemas.json";

export function checkSchemaLock(text: string, findings: Findings): void {
  if (isJsonObject(text)) return;
  const source = createSourceFile(schemaLockPath, text);
  const end = source.lineStarts[1] ?? text.length;
  const span = { start: 0, end: text.slice(0, end).trimEnd().length };
  findings.report(source, "bynk.project.schema_registry_corrupt", span, { path: schemaLockPath });
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
