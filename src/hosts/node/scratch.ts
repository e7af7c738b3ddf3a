/** Owns a store that is thrown away: SQLite in a directory of its own, for tests against the real thing. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteStore } from "./store/sqlite-store.ts";

/** Opens it; `dispose` closes it and removes the directory. */
export async function openScratchStore(): Promise<{ readonly store: SqliteStore; dispose(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "byward-test-"));
  const store = await SqliteStore.open({ directory });
  return {
    store,
    dispose: async () => {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
