/** Owns where actors of a test are kept: in memory, or in SQLite in a directory of their own. Node is loaded for the latter alone. */
import { MemoryStore } from "../hosts/memory/store.ts";
import type { ActorStore, Host } from "../hosts/port.ts";

export interface Storage {
  readonly store: ActorStore;
  /** Closes it and removes what it left. */
  dispose(): Promise<void>;
}

export async function openStorage(kind: "memory" | "sqlite"): Promise<Storage> {
  if (kind === "memory") {
    const store = new MemoryStore();
    return { store, dispose: () => store.close() };
  }
  const { openScratchStore } = await import("../hosts/node/scratch.ts");
  return openScratchStore();
}

/** Synchronous digests where the platform has them: verification then takes no turn of its own. */
export async function platformDigests(): Promise<Pick<Host, "hmac" | "sha256">> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  if (process?.versions?.node === undefined) return {};
  return (await import("../hosts/node/host.ts")).nodeDigests;
}
