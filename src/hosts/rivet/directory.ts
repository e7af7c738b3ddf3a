/**
 * Owns what all runners must know, in one Rivet actor: revocations and the policy epoch, durable, and who is a member. A
 * member is a runner that may serve; its membership lasts `lease` ms from its last beat and is counted on both sides, so a
 * runner that hears nothing stops serving before it is given up here.
 *
 * A change resolves when every member has confirmed it, or its membership is over for certain (G7).
 */
import type { ClosedConnection } from "../../actors/surroundings.ts";
import type { Clock, Logger, RevocationRow, Timer } from "../port.ts";
import { reply } from "./ask.ts";
import type { RivetContext, RivetDatabase, RivetSocket } from "./platform.ts";
import { migrateTo } from "./tables.ts";
import { acceptTunnel, MOVING } from "./tunnel/accept.ts";
import type { Mux, Stream } from "./tunnel/mux.ts";
import type { ProofBook } from "./tunnel/proof.ts";

const TABLES = [
  "CREATE TABLE bw_directory(one INTEGER PRIMARY KEY CHECK(one = 1), format INTEGER NOT NULL)",
  "CREATE TABLE bw_revocation(id TEXT PRIMARY KEY, keep_until INTEGER NOT NULL, data TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE bw_host(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
  "CREATE TABLE bw_member(id TEXT PRIMARY KEY) WITHOUT ROWID",
  "CREATE TABLE bw_claim(schedule TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY(schedule, at)) WITHOUT ROWID",
  "INSERT INTO bw_directory VALUES (1, 1)",
];

/** ms a claimed instant is remembered. */
const CLAIM_KEPT = 24 * 60 * 60 * 1000;

/** ms beyond a membership's end before it is taken as over: timers are late. */
const MARGIN = 500;

export function migrateDirectory(db: RivetDatabase): Promise<void> {
  return migrateTo(db, "bw_directory", 1, TABLES);
}

/** What runners ask of the directory. */
export type DirectoryQuestion =
  | { readonly op: "revoke"; readonly row: RevocationRow }
  | { readonly op: "revocations"; readonly now: number }
  | { readonly op: "raise"; readonly epoch: number }
  | { readonly op: "epoch" }
  | { readonly op: "claim"; readonly schedule: string; readonly at: number };

/** What the directory tells a member. */
export type DirectoryWord =
  | { readonly t: "state"; readonly rows: readonly RevocationRow[]; readonly epoch: number }
  | { readonly t: "learn"; readonly seq: number; readonly rows: readonly RevocationRow[]; readonly epoch: number }
  | { readonly t: "beat"; readonly n: number };

/** What a member tells the directory. */
export type MemberWord =
  | { readonly t: "beat"; readonly n: number }
  | { readonly t: "learned"; readonly seq: number; readonly closed: readonly ClosedConnection[] }
  | { readonly t: "leave" };

interface Member {
  stream: Stream | null;
  /** When the membership is over, ms of the monotonic clock. */
  until: number;
  /** Changes it has not confirmed yet, by number. */
  readonly waiting: Map<number, Waiting>;
}

interface Change {
  readonly seq: number;
  readonly rows: readonly RevocationRow[];
}

interface Waiting extends Change {
  confirm(closed: readonly ClosedConnection[]): void;
}

export interface DirectoryOptions {
  readonly proofs: ProofBook;
  readonly clock: Clock;
  readonly log: Logger;
  /** ms a membership lasts without a beat. */
  readonly lease: number;
}

/** One life of the directory on this runner. */
export class Directory {
  readonly #options: DirectoryOptions;
  readonly #context: RivetContext;
  readonly #tunnels = new Set<Mux>();
  readonly #members = new Map<string, Member>();
  #tail: Promise<unknown> = Promise.resolve();
  #epoch = 0;
  #seq = 0;

  private constructor(context: RivetContext, options: DirectoryOptions) {
    this.#context = context;
    this.#options = options;
  }

  static async open(context: RivetContext, options: DirectoryOptions): Promise<Directory> {
    const directory = new Directory(context, options);
    const [epoch] = await context.db.execute("SELECT value FROM bw_host WHERE name = ?", "epoch");
    directory.#epoch = Number(epoch?.["value"] ?? 0);
    // Members of an earlier life may serve until their membership is over, or come back.
    for (const row of await context.db.execute("SELECT id FROM bw_member")) {
      directory.#members.set(String(row["id"]), directory.#newMember());
    }
    return directory;
  }

  connect(socket: RivetSocket): void {
    const { proofs, clock } = this.#options;
    acceptTunnel(
      socket,
      {
        proofs,
        clock,
        names: [this.#context.key.join(","), this.#context.actorId],
        isOpen: () => true,
        accept: (stream, head) => this.#accept(stream, head as { readonly kind?: unknown; readonly id?: unknown }),
      },
      (mux) => void this.#tunnels.add(mux),
      (mux) => void this.#tunnels.delete(mux),
    );
  }

  /** This life of it is over: whoever talks to it must find the next. */
  close(): void {
    for (const mux of this.#tunnels) mux.close(MOVING, "moving");
  }

  #accept(stream: Stream, { kind, id }: { readonly kind?: unknown; readonly id?: unknown }): void {
    if (kind === "member" && typeof id === "string") this.#join(stream, id);
    else if (kind === "host") void reply(stream, (question) => this.#answer(question as DirectoryQuestion));
    else stream.reset("unknown");
  }

  #newMember(): Member {
    return { stream: null, until: performance.now() + this.#options.lease, waiting: new Map() };
  }

  #join(stream: Stream, id: string): void {
    const joined = async (): Promise<void> => {
      const known = this.#members.get(id);
      if (known === undefined) await this.#context.db.execute("INSERT OR IGNORE INTO bw_member(id) VALUES (?)", id);
      const member = known ?? this.#newMember();
      member.stream = stream;
      member.until = performance.now() + this.#options.lease;
      this.#members.set(id, member);
      // What it was told on a tunnel that broke it may not have heard, and it is waited for.
      for (const { seq, rows } of member.waiting.values()) tell(stream, { t: "learn", seq, rows, epoch: this.#epoch });
      tell(stream, { t: "state", rows: await this.#rows(this.#options.clock.now()), epoch: this.#epoch });
    };
    stream.handlers = {
      message: (data) => this.#heard(id, stream, JSON.parse(String(data)) as MemberWord),
      reset: () => this.#gone(id, stream),
      close: () => this.#gone(id, stream),
    };
    this.#inTurn(joined).catch((error: unknown) => {
      this.#options.log.error({ err: error }, "a runner could not join");
      stream.reset("join");
    });
  }

  #heard(id: string, stream: Stream, word: MemberWord): void {
    const member = this.#members.get(id);
    if (member === undefined || member.stream !== stream) {
      // It does not know that it was given up, and must join again.
      stream.reset("no member");
      return;
    }
    if (word.t === "beat") {
      member.until = performance.now() + this.#options.lease;
      tell(stream, { t: "beat", n: word.n });
    } else if (word.t === "learned") {
      member.waiting.get(word.seq)?.confirm(word.closed);
      member.waiting.delete(word.seq);
    } else void this.#inTurn(() => this.#strike(id)).catch(() => {});
  }

  #gone(id: string, stream: Stream): void {
    const member = this.#members.get(id);
    if (member?.stream === stream) member.stream = null;
  }

  async #strike(id: string): Promise<void> {
    const member = this.#members.get(id);
    this.#members.delete(id);
    for (const { confirm } of member?.waiting.values() ?? []) confirm([]);
    await this.#context.db.execute("DELETE FROM bw_member WHERE id = ?", id);
  }

  #answer(question: DirectoryQuestion): Promise<unknown> {
    if (question.op === "revocations") return this.#inTurn(() => this.#rows(question.now));
    if (question.op === "epoch") return this.#inTurn(async () => this.#epoch);
    if (question.op === "claim") return this.#inTurn(() => this.#claim(question.schedule, question.at));
    return question.op === "revoke" ? this.#revoke(question.row) : this.#raise(question.epoch);
  }

  /** True for the first who claims an instant of a schedule. */
  async #claim(schedule: string, at: number): Promise<boolean> {
    const { db } = this.#context;
    await db.execute("DELETE FROM bw_claim WHERE at < ?", at - CLAIM_KEPT);
    const sql = "INSERT INTO bw_claim(schedule, at) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING at";
    return (await db.execute(sql, schedule, at)).length > 0;
  }

  async #revoke(row: RevocationRow): Promise<readonly ClosedConnection[]> {
    const told = await this.#inTurn(async () => {
      await this.#context.db.transaction(
        async (tx) => {
          await tx.execute("DELETE FROM bw_revocation WHERE keep_until < ?", row.revokedAt);
          const sql = "INSERT OR REPLACE INTO bw_revocation(id, keep_until, data) VALUES (?, ?, ?)";
          await tx.execute(sql, row.id, row.keepUntil, JSON.stringify(row));
        },
        { name: "byward-revoke" },
      );
      return this.#tellAll([row]);
    });
    return (await Promise.all(told)).flat();
  }

  /** Always raises: two that raise at once raise twice. */
  async #raise(wanted: number): Promise<number> {
    const { epoch, told } = await this.#inTurn(async () => {
      const next = Math.max(this.#epoch + 1, wanted);
      const sql = "INSERT OR REPLACE INTO bw_host(name, value) VALUES ('epoch', ?)";
      await this.#context.db.execute(sql, String(next));
      this.#epoch = next;
      return { epoch: next, told: this.#tellAll([]) };
    });
    await Promise.all(told);
    return epoch;
  }

  /** Called in turn, so that whoever joins later gets it with the state. */
  #tellAll(rows: readonly RevocationRow[]): readonly Promise<readonly ClosedConnection[]>[] {
    const change: Change = { seq: ++this.#seq, rows };
    return [...this.#members].map(([id, member]) => this.#tellMember(id, member, change));
  }

  #tellMember(id: string, member: Member, { seq, rows }: Change): Promise<readonly ClosedConnection[]> {
    return new Promise((done) => {
      let timer: Timer | null = null;
      const confirm = (closed: readonly ClosedConnection[]): void => {
        timer?.cancel();
        done(closed);
      };
      member.waiting.set(seq, { seq, rows, confirm });
      if (member.stream !== null) tell(member.stream, { t: "learn", seq, rows, epoch: this.#epoch });
      const look = (): void => {
        if (!member.waiting.has(seq)) return;
        if (!isOver(member)) {
          timer = this.#options.clock.after(Math.max(1, member.until + MARGIN - performance.now()), look);
          return;
        }
        member.waiting.delete(seq);
        this.#options.log.warn({ member: id }, "a runner that did not answer is no member any more");
        void this.#inTurn(async () => {
          // It may have come back meanwhile, and has all there is with the state it was told.
          if (isOver(member)) await this.#strike(id);
        }).catch(() => {});
        confirm([]);
      };
      look();
    });
  }

  async #rows(now: number): Promise<readonly RevocationRow[]> {
    const rows = await this.#context.db.execute(
      "SELECT data FROM bw_revocation WHERE keep_until >= ? ORDER BY id",
      now,
    );
    return rows.map((row) => JSON.parse(String(row["data"])) as RevocationRow);
  }

  /** One after the other: a member that joins has the state before any later change. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(work, work);
    this.#tail = turn.catch(() => {});
    return turn;
  }
}

/** True once a member counts as gone for certain. */
function isOver(member: Member): boolean {
  return member.until + MARGIN <= performance.now();
}

function tell(stream: Stream, word: DirectoryWord): void {
  stream.message(JSON.stringify(word));
}
