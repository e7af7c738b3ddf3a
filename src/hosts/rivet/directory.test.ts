/** Who is a member, and who has heard what: a directory and its runners, with what carries them in the test's hands. */
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import type { Clock, RevocationRow } from "../port.ts";
import { ask } from "./ask.ts";
import { Directory, migrateDirectory } from "./directory.ts";
import { Membership } from "./membership.ts";
import { DIRECTORY_KEY } from "./names.ts";
import type { RivetContext, RivetDatabase, RivetSocket, RivetSocketEvent } from "./platform.ts";
import { Mux } from "./tunnel/mux.ts";
import type { TunnelPool } from "./tunnel/pool.ts";
import { makeProof, ProofBook, tunnelKey } from "./tunnel/proof.ts";

const KEY = tunnelKey("secret");
const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const clock: Clock = {
  now: () => Date.now(),
  after: (delay, task) => {
    const timer = setTimeout(task, delay).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

class Database implements RivetDatabase {
  readonly sqlite = new DatabaseSync(":memory:");
  async execute(sql: string, ...args: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    return this.sqlite.prepare(sql).all(...(args as never[]));
  }
  #gate: { readonly entered: () => void; readonly open: Promise<void> } | null = null;
  async transaction<T>(run: (tx: RivetDatabase) => Promise<T>): Promise<T> {
    this.#gate?.entered();
    await this.#gate?.open;
    return run(this);
  }
  /** Holds up transactions: resolves when one waits. */
  hold(): { readonly entered: Promise<void>; readonly letGo: () => void } {
    const [entered, open] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    this.#gate = { entered: entered.resolve, open: open.promise };
    return { entered: entered.promise, letGo: open.resolve };
  }
}

/** A tunnel to the directory. What goes over it can be held up, and it can break. */
class Link {
  readonly mux: Mux;
  readonly #listeners = new Map<string, (event: RivetSocketEvent) => void>();
  #held: (() => void)[] | null = null;

  constructor(directory: Directory) {
    const socket: RivetSocket = {
      readyState: 1,
      binaryType: "",
      send: (data) => {
        if (typeof data !== "string") this.#carry(() => this.mux.receive(data));
      },
      close: () => {},
      addEventListener: (type, listener) => void this.#listeners.set(type, listener),
    };
    directory.connect(socket);
    this.#listeners.get("message")!({ data: makeProof(KEY, DIRECTORY_KEY, Date.now()) });
    const send = (data: Uint8Array): void => this.#carry(() => this.#listeners.get("message")!({ data }));
    this.mux = new Mux({ send, close: () => {} }, null);
  }

  hold(): void {
    this.#held ??= [];
  }
  letGo(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const carry of held) carry();
  }
  /** What is held up is lost with it. */
  break(): void {
    this.#listeners.get("close")!({ code: 1006, reason: "gone" });
    this.mux.end("gone");
  }

  #carry(carry: () => void): void {
    if (this.#held === null) carry();
    else this.#held.push(carry);
  }
}

async function directoryOf(lease: number) {
  const db = new Database();
  await migrateDirectory(db);
  const context = { db, key: [DIRECTORY_KEY], actorId: "a" } as unknown as RivetContext;
  const directory = await Directory.open(context, { proofs: new ProofBook(KEY), clock, log: silent, lease });
  let links: Link[] = [];
  /** A runner: what it learnt, and when it stopped and began to serve. */
  const runner = () => {
    const learnt: string[] = [];
    const told: string[] = [];
    let heard = Promise.withResolvers<void>();
    const tell = (what: string): void => {
      told.push(what);
      heard.resolve();
      heard = Promise.withResolvers<void>();
    };
    let link: Link | null = null;
    const get = async (): Promise<Mux> => {
      if (link === null || link.mux.isOver) {
        link = new Link(directory);
        links.push(link);
      }
      return link.mux;
    };
    const membership = new Membership({
      pool: { get } as unknown as TunnelPool,
      clock,
      log: silent,
      lease,
      learn: (rows) => {
        const fresh = rows.map(({ id }) => id).filter((id) => !learnt.includes(id));
        learnt.push(...fresh);
        return fresh.map((connection) => ({ actor: "room", key: "a", connection }));
      },
      lapsed: () => tell("lapsed"),
      joined: () => tell("joined"),
    });
    const until = async (what: string): Promise<void> => {
      while (!told.includes(what)) await heard.promise;
    };
    return { membership, learnt, told, until, link: () => link! };
  };
  onTestFinished(() => {
    for (const link of links) link.break();
    links = [];
  });
  const revoke = async (id: string): Promise<unknown> =>
    ask(new Link(directory).mux, "host", { op: "revoke", row: row(id) });
  return { directory, db, runner, revoke };
}

function row(id: string): RevocationRow {
  const now = Date.now();
  const keepUntil = now + 1_000_000;
  return { id, party: null, identity: id, claim: null, tokenId: null, issuedBefore: now, revokedAt: now, keepUntil };
}

test("a revocation told on a tunnel that broke is told to the member that came back, and answers then", async () => {
  const { runner, revoke } = await directoryOf(60_000);
  const { membership, learnt, link } = runner();
  await membership.join();
  onTestFinished(() => membership.close());
  link().hold();
  const revoked = revoke("r1");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(learnt).toEqual([]);
  link().break();
  expect(await revoked).toEqual([{ actor: "room", key: "a", connection: "r1" }]);
  expect(learnt).toEqual(["r1"]);
}, 20_000);

test("a runner that was given up joins again when it is back, though its tunnel stood all the time", async () => {
  const { runner, revoke, db } = await directoryOf(300);
  const { membership, learnt, until, link } = runner();
  await membership.join();
  onTestFinished(() => membership.close());
  link().hold();
  expect(await revoke("r1"), "nobody serves any more who has not heard").toEqual([]);
  await until("lapsed");
  const members = (): unknown[] => db.sqlite.prepare("SELECT id FROM bw_member").all();
  await expect.poll(members, { timeout: 10_000 }).toEqual([]);
  link().letGo();
  await until("joined");
  expect(learnt).toEqual(["r1"]);
  expect(members()).toHaveLength(1);
}, 20_000);

test("a runner that comes back while it is given up stays a member, and hears of what follows", async () => {
  const { runner, revoke, db } = await directoryOf(1500);
  const { membership, learnt, link } = runner();
  await membership.join();
  onTestFinished(() => membership.close());
  link().hold();
  const first = revoke("r1");
  const rows = (): unknown[] => db.sqlite.prepare("SELECT id FROM bw_revocation").all();
  await expect.poll(rows, { timeout: 10_000 }).toHaveLength(1);
  // While the directory is at work, the runner joins anew, and its earlier membership runs out.
  const held = db.hold();
  const second = revoke("r2");
  await held.entered;
  link().break();
  expect(await first).toEqual([]);
  held.letGo();
  await second;
  expect(await revoke("r3")).toEqual([{ actor: "room", key: "a", connection: "r3" }]);
  expect(learnt.toSorted()).toEqual(["r1", "r2", "r3"]);
}, 20_000);
