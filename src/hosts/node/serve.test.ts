import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { build, ticks } from "../../../tests/shards/ticking.ts";
import type { DecisionSink } from "../../actors/decisions.ts";
import { SqliteStore } from "./store/sqlite-store.ts";
import { temporaryDirectory } from "./store/temporary-directory.ts";

const MODULE = new URL("../../../tests/shards/ticking.ts", import.meta.url);

async function portOfAnother(): Promise<number> {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  return (other.address() as AddressInfo).port;
}

test.each([1, 2])(
  "a port that another has, with %i threads of actors: the start fails and nothing goes on",
  async (workers) => {
    const directory = temporaryDirectory();
    let isOpen: boolean | null = null;
    const decisions: DecisionSink = {
      start: () => {
        isOpen = true;
      },
      record: () => {},
      close: async () => {
        isOpen = false;
      },
    };
    const registry = build({ decisions });
    const options = { port: await portOfAnother(), dataDir: directory, workers, module: MODULE };
    await expect(registry.serve(options)).rejects.toMatchObject({ code: "EADDRINUSE" });
    expect(isOpen).toBe(false);
    ticks.length = 0;
    await sleep(1200);
    expect(ticks).toEqual([]);
    const store = await SqliteStore.open({ directory });
    expect(store.unclean).toBe(false);
    await store.close();
  },
);
