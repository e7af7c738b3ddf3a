import { join } from "node:path";
import { expect, test } from "vitest";
import { create, message } from "../../store-suite.ts";
import { Reader } from "./reader.ts";
import { FILE_NAME, openFile } from "./schema.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { Statements } from "./statements.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const ROOM = { name: "room", key: "lobby" };
const KEY = Uint8Array.of(1);

test("no read walks a whole table: each is a search in an index, in the order it is asked for", async () => {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  const schedule = { id: "s", dueAt: 1, action: "a", args: "[]", cron: null, createdAt: 1 };
  const parts = { queuePut: [message(1)], schedulePut: [schedule], connectionPut: [{ id: "c", data: "{}" }] };
  await store.commit(create(ROOM, { ...parts, wakeAt: 5 }));
  await store.close();

  const db = openFile({ path: join(directory, FILE_NAME), readOnly: true, cacheKib: 2048 });
  const statements = new Statements(db);
  const reader = new Reader(statements);
  reader.load(ROOM);
  reader.load({ name: "room", key: "absent" });
  reader.readQueue(ROOM, { queue: "jobs", status: "ready", afterId: 0, limit: 5 });
  reader.readQueue(ROOM, { queue: null, status: "dead", afterId: 0, limit: 5 });
  reader.findQueueKey(ROOM, "jobs", "k");
  reader.kvGet(ROOM, [KEY]);
  reader.kvList(ROOM, {});
  reader.kvList(ROOM, { start: KEY, end: KEY, prefix: KEY, reverse: true, limit: 1 });
  reader.replayGet(ROOM, "r");
  reader.replayCount(ROOM);
  reader.list("room", null, 5);
  reader.list("room", "a", 5);
  reader.findById("id");
  reader.due(10, 5);
  reader.due(10, 5, { actor: ROOM, wakeAt: 3 });
  reader.nextDue(0);
  const reads = statements.texts().filter((sql) => sql.startsWith("SELECT"));
  expect(reads.length).toBeGreaterThan(15);
  for (const sql of reads) {
    const plan = db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((row) => String(row["detail"]));
    expect(plan.join("; "), sql).not.toMatch(/SCAN|TEMP B-TREE/);
  }
  db.close();
});
