/**
 * Owns the checksums of stored rows: CRC-32 over the actor, the row's place in its sequence and every byte of it. A row
 * that was altered, or that stands under another actor, fails its check. SQLite itself checks no page on read.
 *
 * The checksum finds damage, not tampering: whoever can write the file can write a checksum.
 */
import { crc32 } from "node:zlib";
import type { ActorMeta, ConnectionRow, QueueRow, ReplayRow, RevocationRow, ScheduleRow } from "../../port.ts";

/** What the checksums of an actor's rows start from: its address and the number its rows are filed under. */
export function actorSeed(name: string, key: string, aid: number): number {
  return crc32(`${name}\0${key}\0${aid}`);
}

/** Of the stored bytes of the state; no state and an empty one differ. */
export function stateSum(seed: number, state: Uint8Array | null): number {
  return state === null ? crc32("no state", seed) : crc32(state, seed);
}

/** Of the facts in an actor's row that most commits leave alone. */
export function factsSum(seed: number, meta: ActorMeta, wakeAt: number | null, counts: string | null): number {
  const { id, createdAt, version, nextQueueId, running } = meta;
  return crc32(`${id}\0${createdAt}\0${version}\0${nextQueueId}\0${running}\0${wakeAt}\0${counts}`, seed);
}

/** Of the whole row, from the sums of its parts: every column but `slot`, which only says where the row lies. */
export function actorSum(facts: number, state: number, seq: number): number {
  return (crc32(String(seq), state) ^ facts) >>> 0;
}

export function queueSum(seed: number, row: Omit<QueueRow, "caller">, caller: string | null): number {
  const { id, queue, createdAt, availableAt, attempt, idempotencyKey, status, keepUntil, response, deadReason } = row;
  // Texts as the file keeps them: in UTF-8, which has no half of a surrogate pair.
  const head = JSON.stringify([
    id,
    queue.toWellFormed(),
    caller,
    createdAt,
    availableAt,
    attempt,
    idempotencyKey === null ? null : idempotencyKey.toWellFormed(),
    status,
    keepUntil ?? null,
    response ?? null,
    deadReason?.toWellFormed() ?? null,
  ]);
  return crc32(row.body, crc32(head, seed));
}

export function scheduleSum(seed: number, row: ScheduleRow): number {
  return crc32(JSON.stringify([row.id, row.dueAt, row.action.toWellFormed(), row.args, row.cron, row.createdAt]), seed);
}

export function connectionSum(seed: number, row: ConnectionRow): number {
  return crc32(row.data, crc32(`${row.id}\0`, seed));
}

export function replaySum(seed: number, row: ReplayRow): number {
  return crc32(`${row.id}\0${row.status}\0${row.keepUntil}`, seed);
}

export function kvSum(seed: number, key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key, crc32(`${key.length}\0`, seed)));
}

/** Of a host-wide row, which belongs to no actor. */
export function hostSum(kind: "revocation" | "epoch", text: string): number {
  return crc32(text, crc32(kind));
}

/** A revocation as the text that is stored and summed. */
export function revocationText(row: RevocationRow): string {
  const { id, party, identity, claim, tokenId, issuedBefore, revokedAt, keepUntil } = row;
  return JSON.stringify({ id, party, identity, claim, tokenId, issuedBefore, revokedAt, keepUntil });
}
