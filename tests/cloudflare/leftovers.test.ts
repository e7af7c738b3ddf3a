/** Rows of connections that ended with the process, of which nobody could say so, do not stay for ever. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { mintBearer } from "../../src/boundary/mint.ts";
import { hasWorkerd, startWorker } from "./workerd.ts";

const SECRET = "leftovers-secret-of-at-least-32-bytes-00";
const entry = fileURLToPath(new URL("hibernation.worker.ts", import.meta.url));

test.runIf(hasWorkerd)(
  "what was kept for connections of a life that was killed goes, and what is kept for others stays",
  async () => {
    const workerd = await startWorker({ entry, env: { AUTH_JWT_SECRET: SECRET } });
    onTestFinished(() => workerd.stop());
    const object = (await (await fetch(`${workerd.url}/object?of=room/left`)).json()) as string;
    const owners = (): unknown[] => {
      const database = new DatabaseSync(join(workerd.dataDir, "byward", `${object}.sqlite`), { readOnly: true });
      try {
        return database
          .prepare("SELECT owner FROM text WHERE ref = -1 ORDER BY owner")
          .all()
          .map(({ owner }) => owner);
      } finally {
        database.close();
      }
    };
    /** Connects with parameters that no attachment holds. */
    const connect = async (): Promise<WebSocket> => {
      const claims = { long: "ü".repeat(2500) };
      const token = await mintBearer({ secret: SECRET, subject: "ada", now: Date.now(), expiresIn: 3600, claims });
      const ws = new WebSocket(`${workerd.url.replace("http", "ws")}/actors/room/left/connect`, ["byward.v1"]);
      await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
      const ready = new Promise((resolve) => ws.once("message", resolve));
      ws.send(JSON.stringify({ t: "hello", token, params: { long: "x".repeat(3900) } }));
      await ready;
      return ws;
    };
    const wait = { timeout: 20_000, interval: 100 };
    await connect();
    await connect();
    await expect.poll(() => owners().length, wait).toBe(2);
    const before = owners();
    await workerd.restart();
    const ws = await connect();
    await expect.poll(() => owners().length, wait).toBe(1);
    expect(before).not.toContain(owners()[0]);
    ws.terminate();
  },
  60_000,
);
