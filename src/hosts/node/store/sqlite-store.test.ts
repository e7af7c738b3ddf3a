import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { storeSuite } from "../../store-suite.ts";
import { SqliteStore } from "./sqlite-store.ts";

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "byward-store-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

storeSuite(async () => {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  return {
    store,
    reopen: async () => {
      await store.close();
      return SqliteStore.open({ directory });
    },
  };
});
