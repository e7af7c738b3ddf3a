/** What the directory has to tell is told, whatever becomes of it meanwhile. */
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { RevocationRow } from "../port.ts";
import { type Confirmation, Directory, type Knowledge } from "./directory.ts";
import type { ObjectStorage, SqlCursor } from "./platform.ts";
import { Sql } from "./sql.ts";

const NOW = 1_800_000_000_000;
const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const ROW: RevocationRow = {
  id: "r1",
  party: null,
  identity: "u",
  claim: null,
  tokenId: null,
  issuedBefore: NOW,
  revokedAt: NOW,
  keepUntil: NOW + 1_000_000,
};

/** The tables and the alarm of an object, which outlive its memory. */
function disk() {
  const database = new DatabaseSync(":memory:");
  const platform: { alarm: number | null } = { alarm: null };
  const storage = {
    sql: {
      exec: (query: string, ...bindings: unknown[]) => {
        const rows = database.prepare(query).all(...(bindings as never[]));
        return { toArray: () => rows } as unknown as SqlCursor<never>;
      },
    },
    transactionSync: <T>(run: () => T): T => {
      database.exec("BEGIN");
      try {
        const result = run();
        database.exec("COMMIT");
        return result;
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
  } as unknown as ObjectStorage;
  const told: { object: string; knowledge: Knowledge }[] = [];
  /** One life of the directory; `answer` is what holders say. */
  const live = (answer: () => Promise<Confirmation>): Directory =>
    new Directory({
      sql: new Sql(storage),
      log: silent,
      now: () => NOW,
      tell: (object, knowledge) => {
        told.push({ object, knowledge });
        return answer();
      },
      retryAt: (at) => {
        platform.alarm = at;
      },
    });
  return { live, told, platform };
}

const never = (): Promise<Confirmation> => new Promise(() => {});
const confirm = async (): Promise<Confirmation> => ({ closed: [], holds: true });

test.each([
  ["a revocation", (directory: Directory) => directory.revoke(ROW)],
  ["an epoch", (directory: Directory) => directory.raiseEpoch()],
])("%s of a directory that was gone before its holders had heard is told by its next life", async (_what, put) => {
  const { live, told, platform } = disk();
  const first = live(never);
  first.enroll("holder", 0, "s1");
  void put(first);
  expect(told).toHaveLength(1);
  // The object is gone now; its alarm is not.
  expect(platform.alarm).toBe(NOW + 2000);
  const second = live(confirm);
  await second.retry();
  expect(told.map(({ object }) => object)).toEqual(["holder", "holder"]);
  expect(told[1]!.knowledge).toEqual(told[0]!.knowledge);
  await second.retry();
  expect(told, "who has confirmed is not told again").toHaveLength(2);
});

test("where nobody holds a connection, nobody needs to be told and no alarm is set", async () => {
  const { live, told, platform } = disk();
  const directory = live(never);
  expect(await directory.revoke(ROW)).toEqual([]);
  expect(await directory.raiseEpoch()).toBe(1);
  expect([told, platform.alarm]).toEqual([[], null]);
});
