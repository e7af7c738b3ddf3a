/** The server that `shards.ts` measures: `node bench/shards-servers.ts <workers>`. Its threads run this file too. */
import { createHash } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, setup, Visitor } from "byward";

const bench = actor({
  by: Visitor,
  state: { calls: 0 },
  actions: {
    echo: (_c, text: string) => text,
    /** About a millisecond of one processor. */
    heavy: (_c, rounds: number) => {
      let digest = "start";
      for (let round = 0; round < rounds; round++) digest = createHash("sha256").update(digest).digest("hex");
      return digest;
    },
  },
});

const workers = Number(process.argv[2] ?? 1);
const dataDir = mkdtempSync(join(tmpdir(), "byward-bench-"));
const served = await setup({ use: { bench } }).serve({ port: 0, dataDir, workers });
if (served.workers !== workers) throw new Error(`asked for ${workers} workers, got ${served.workers}`);
console.log(served.url);
