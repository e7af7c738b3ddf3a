/** Owns the sample data directory of the tests here: one actor with something of every kind, and many plain ones. Test code. */
import { readFileSync, writeFileSync } from "node:fs";
import type { ActorRef, QueueRow } from "../../port.ts";
import { create, message, update } from "../../store-suite.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { temporaryDirectory } from "../store/temporary-directory.ts";
import { dataFile } from "./data-directory.ts";

export const FULL: ActorRef = { name: "cart", key: "full" };
export const PLAIN_COUNT = 120;

export function plainAt(at: number): ActorRef {
  return { name: "room", key: `key-${String(at).padStart(3, "0")}` };
}

/** The text by which a plain actor's state is found in the file. */
export function markOf(at: number): string {
  return `state-of-${at}-`;
}

export async function fill(store: SqliteStore): Promise<void> {
  const caller = { party: "User", identity: "u1", claims: {}, expiresAt: null, issuedAt: null, tokenId: null };
  const messages: QueueRow[] = Array.from({ length: 30 }, (_, at) =>
    message(at + 1, { caller, idempotencyKey: `k${at}` }),
  );
  await store.commit(
    create(FULL, {
      state: '{"text":"grüße 🎉"}',
      queuePut: [
        ...messages,
        message(31, { queue: "mail", status: "dead", deadReason: "poison" }),
        message(32, { status: "done", idempotencyKey: "done", keepUntil: 9, response: "1" }),
      ],
      schedulePut: [{ id: "s", dueAt: 5, action: "tick", args: "[1]", cron: null, createdAt: 1 }],
      connectionPut: [{ id: "c", data: '{"a":1}' }],
      kvPut: [
        { key: Uint8Array.of(0, 255), value: Uint8Array.of(1, 2, 3) },
        { key: Uint8Array.of(), value: Uint8Array.of() },
      ],
      replayPut: [{ id: "r", status: "done", keepUntil: 99 }],
      wakeAt: 5,
    }),
  );
  const plain = Array.from({ length: PLAIN_COUNT }, (_, at) =>
    store.commit(create(plainAt(at), { state: JSON.stringify({ mark: markOf(at), text: "z".repeat(100) }) })),
  );
  await Promise.all(plain);
  await store.commit(update(plainAt(0), { queuePut: [message(1)] }));
  await store.putEpoch(3);
  await store.putRevocation({
    id: "rev",
    party: "User",
    identity: "digest",
    claim: null,
    tokenId: null,
    issuedBefore: 10,
    revokedAt: 10,
    keepUntil: 500,
  });
}

/** A closed data directory with the sample in it. */
export async function sampleDirectory(): Promise<string> {
  const directory = temporaryDirectory();
  const store = await SqliteStore.open({ directory });
  await fill(store);
  await store.close();
  return directory;
}

/** Changes one byte within `text`, wherever it stands in the file. */
export function flip(directory: string, text: string): void {
  const path = dataFile(directory);
  const file = readFileSync(path);
  for (let at = file.indexOf(text); at >= 0; at = file.indexOf(text, at + 1)) {
    file[at + 1] = (file[at + 1] as number) ^ 0x01;
  }
  writeFileSync(path, file);
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
