/**
 * Owns the second look at what a read did not find. SQLite follows a damaged page without a word: a row that the page
 * hides is not there, and a delivery would run twice, a message never, a revoked credential again. Every key that absence
 * rests on stands in two trees of the file, and numbers of rows in the actor's tally; where they disagree, the answer is
 * `damaged`.
 *
 * Both looks must be at one snapshot of the file: a commit in between would make them disagree.
 */
import { damaged } from "./failure.ts";
import type { Columns } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** Messages before a page that are counted, and behind its beginning that are walked, at most: some ms. */
const MAX_COUNTED = 10_000;
const MAX_WALKED = 2000;

const MESSAGE_KEY = `SELECT 1 FROM queue INDEXED BY queue_key WHERE aid = ? AND queue = ? AND idempotency = ?`;
const MESSAGE_AGAIN = `SELECT 1 FROM queue INDEXED BY queue_again WHERE aid = ? AND queue = ? AND idempotency = ?`;
const REPLAY_AGAIN = "SELECT 1 FROM replay INDEXED BY replay_again WHERE aid = ? AND id = ?";
const PAIR_AGAIN = "SELECT 1 FROM kv INDEXED BY kv_again WHERE aid = ? AND key = ?";
const REVOCATIONS_AGAIN =
  "SELECT count(*) AS n, total(sum) AS sums FROM revocation INDEXED BY revocation_again WHERE keep_until >= ?";
const EPOCH_AGAIN = "SELECT value FROM host INDEXED BY host_again WHERE name = 'epoch'";
const COUNT_BEFORE = `SELECT count(*) AS n FROM (SELECT 1 FROM queue INDEXED BY queue_page
  WHERE aid = ? AND queue = ? AND status = ? AND status < 2 AND id <= ? LIMIT ${MAX_COUNTED})`;

const WALK = `SELECT id, queue, status FROM queue NOT INDEXED WHERE aid = ? AND id > ? ORDER BY id LIMIT ${MAX_WALKED}`;

/** Throws when a message with this idempotency id, which was not found, is there after all. */
export function assertNoMessage(statements: Statements, owner: string, aid: number, queue: string, id: string): void {
  // The index that was asked may have led to a message that its table hides.
  const asked = statements.get(MESSAGE_KEY).get(aid, queue, id);
  if (asked === undefined && statements.get(MESSAGE_AGAIN).get(aid, queue, id) === undefined) return;
  throw damaged(owner, "a message is missing");
}

/** As `assertNoMessage`, for a replay id. */
export function assertNoReplay(statements: Statements, owner: string, aid: number, id: string): void {
  if (statements.get(REPLAY_AGAIN).get(aid, id) === undefined) return;
  throw damaged(owner, "a replay id is missing");
}

/** As `assertNoMessage`, for a key-value pair. */
export function assertNoPair(statements: Statements, owner: string, aid: number, key: Uint8Array): void {
  if (statements.get(PAIR_AGAIN).get(aid, key) === undefined) return;
  throw damaged(owner, "a key-value pair is missing");
}

/** Throws when the keys of a range are not those that the second index holds for it. `where` is all of the query from there on. */
export function assertSamePairs(
  statements: Statements,
  owner: string,
  rows: readonly Columns[],
  where: string,
  values: readonly (number | Uint8Array)[],
): void {
  const again = statements.get(`SELECT key FROM kv INDEXED BY kv_again ${where}`).all(...values);
  const isSame = (row: Columns, at: number): boolean =>
    Buffer.compare(row["key"] as Uint8Array, again[at]?.["key"] as Uint8Array) === 0;
  if (again.length === rows.length && rows.every(isSame)) return;
  throw damaged(owner, "key-value pairs are missing");
}

/** A page of one queue: its owner's number and name, and how it was asked for. */
export interface QueuePage {
  readonly owner: string;
  readonly aid: number;
  readonly queue: string;
  readonly status: number;
  readonly afterId: number;
  readonly limit: number;
  /** Messages of the queue with this status, by the tally. */
  readonly expected: number;
}

/**
 * Throws when a page of messages holds one twice; and, where it is the last one, when its queue holds fewer than the tally
 * says, or others than the table does.
 */
export function assertWholeQueue(statements: Statements, ids: readonly number[], page: QueuePage): void {
  const { owner, afterId, limit } = page;
  let last = afterId;
  for (const id of ids) {
    if (id <= last) throw damaged(owner, "the index of its queues leads to a message twice");
    last = id;
  }
  if (ids.length >= limit) return;
  if (isTallied(statements, ids.length, page) && isWalked(statements, ids, page)) return;
  throw damaged(owner, "messages are missing");
}

/** True, too, where there are too many to count. */
function isTallied(statements: Statements, found: number, page: QueuePage): boolean {
  const { aid, queue, status, afterId, expected } = page;
  const missing = expected - found;
  if (missing === 0 || missing >= MAX_COUNTED) return true;
  return afterId > 0 && statements.get(COUNT_BEFORE).get(aid, queue, status, afterId)?.["n"] === missing;
}

function isWalked(statements: Statements, ids: readonly number[], { aid, queue, status, afterId }: QueuePage): boolean {
  const walked = statements.get(WALK).all(aid, afterId);
  if (walked.length === MAX_WALKED) return true;
  const stored = queue.toWellFormed();
  const there = walked.filter((row) => row["queue"] === stored && row["status"] === status);
  return there.length === ids.length && there.every((row, at) => row["id"] === ids[at]);
}

/** Throws when the rows are fewer than the tally says, or one of them stands for another. */
export function assertWhole(
  owner: string,
  what: string,
  rows: readonly { readonly id: string }[],
  count: number,
): void {
  if (rows.length === count && new Set(rows.map((row) => row.id)).size === count) return;
  throw damaged(owner, `${what} are missing`);
}

/** Throws when the revocations that are kept from `now` on are not those that the second index holds. */
export function assertAllRevocations(statements: Statements, now: number, rows: readonly Columns[]): void {
  const again = statements.get(REVOCATIONS_AGAIN).get(now);
  const sums = rows.reduce((sum, row) => sum + Number(row["sum"]), 0);
  if (again?.["n"] === rows.length && again["sums"] === sums) return;
  throw damaged("the revocations", "rows are missing");
}

/** Throws when the second index holds another epoch, or one where none was found. */
export function assertEpoch(statements: Statements, value: unknown): void {
  const again = statements.get(EPOCH_AGAIN).get()?.["value"];
  if (again !== value) throw damaged("the policy epoch", "it is missing");
}
