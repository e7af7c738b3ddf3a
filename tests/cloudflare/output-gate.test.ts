/**
 * The output gate: what could not be made durable is not acknowledged. The process may write files up to a limit only, so at
 * some commit its disk refuses; what had been acknowledged before must be there after a restart without the limit.
 */
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { hasWorkerd, startWorker } from "./workerd.ts";

const entry = fileURLToPath(new URL("crash.worker.ts", import.meta.url));
/** Blocks of 512 bytes; some hundred commits. */
const FILE_BLOCKS = 1600;
const MOST = 5000;

test.skipIf(!hasWorkerd)(
  "an answer leaves only when what it rests on is durable, also when the disk refuses",
  async () => {
    const workerd = await startWorker({ entry, fileBlocks: FILE_BLOCKS });
    onTestFinished(() => workerd.stop());
    const told = await countUntilRefused(workerd.url);
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(MOST);
    await workerd.restart({ fileBlocks: null });
    const answer = await fetch(`${workerd.url}/actors/ledger/gate/actions/audit`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "[]",
    });
    const { output } = (await answer.json()) as { output: { seq: number } };
    // The one in flight when the disk refused may be there or not.
    expect([told, told + 1]).toContain(output.seq);
  },
);

/** Writes one after the other until one is not acknowledged; how many were. */
function countUntilRefused(url: string): Promise<number> {
  return new Promise((resolve) => {
    const ws = new WebSocket(`${url.replace("http", "ws")}/actors/ledger/gate/connect`, ["byward.v1"]);
    let told = 0;
    const done = (): void => {
      ws.removeAllListeners();
      ws.on("error", () => {});
      ws.terminate();
      resolve(told);
    };
    const write = (): void => {
      if (told >= MOST) done();
      else ws.send(JSON.stringify({ t: "action", id: told + 1, name: "write", args: [`op ${told + 1}`] }));
    };
    ws.on("open", () => ws.send(JSON.stringify({ t: "hello" })));
    ws.on("message", (data) => {
      const frame = JSON.parse(data.toString()) as { t: string } | { t: string }[];
      for (const { t } of Array.isArray(frame) ? frame : [frame]) {
        if (t === "ready") write();
        else if (t === "result") {
          told += 1;
          write();
        } else if (t === "error") done();
      }
    });
    ws.on("error", done);
    ws.on("close", done);
  });
}
