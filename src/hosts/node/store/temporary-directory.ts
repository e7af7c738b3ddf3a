/** Owns the throw-away data directories of tests. Test code. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new directory, removed when the running test has finished. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "byward-data-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
