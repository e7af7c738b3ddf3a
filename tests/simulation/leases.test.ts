/**
 * Seeded schedules of expiry, renewal, revocation, policy epochs, sleep, messages and deliveries against a small
 * independent model of the gate. Any disagreement prints its seed; `BYWARD_SEED=n` runs that schedule alone,
 * `BYWARD_SCHEDULES=n` as many as wanted.
 */
import { createHmac } from "node:crypto";
import { actor, anyOf, bearer, event, hasClaim, party, refine, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { SECRET, type TestSocket, type Virtual, virtual } from "../gate/virtual.ts";

const SCHEDULES = Number(process.env["BYWARD_SCHEDULES"] ?? 10_000);
const ONLY = process.env["BYWARD_SEED"];
const STEPS = 14;
/** Schedules that share one registry; the next ones get a fresh one, so that revocations do not pile up. */
const SHARED = 250;

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET", maxLifetime: 1_000_000 }) });
const Admin = refine("Admin", User, hasClaim("admin"));

/** Identities that canInvoke denies now. */
const denied = new Set<string>();
let handlerRuns = 0;

const registry = () =>
  setup({
    skew: 0,
    use: {
      room: actor({
        by: anyOf(User, Visitor),
        state: { n: 0 },
        options: { sleepTimeout: 20_000 },
        events: { news: event<number>(), modLog: event<number>() },
        guards: { events: { modLog: { by: Admin } } },
        canInvoke: (c) => c.caller.party === "Visitor" || !denied.has(c.caller.identity),
        actions: {
          say: (c) => {
            handlerRuns += 1;
            c.state.n += 1;
            c.broadcast("news", c.state.n);
            c.broadcast("modLog", c.state.n);
            return c.state.n;
          },
        },
      }),
    },
  });

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const HEADER = part({ alg: "HS256", typ: "JWT" });
function mint(sub: string, now: number, life: number, admin: boolean): string {
  const iat = Math.floor(now / 1000);
  const body = `${HEADER}.${part({ sub, iat, exp: iat + life, ...(admin ? { admin: true } : {}) })}`;
  return `${body}.${createHmac("sha256", SECRET).update(body).digest("base64url")}`;
}

// ── the model: what the gate must do, written without looking at it ──

interface Credential {
  readonly subject: string;
  readonly iat: number;
  readonly exp: number;
  readonly admin: boolean;
}
type ModelSub = { epoch: number; generation: number };
interface ModelConn {
  credential: Credential | null;
  generation: number;
  open: boolean;
  close: string | null;
  readonly subs: Map<string, ModelSub>;
  news: number;
  modLog: number;
}
class Model {
  now: number;
  epoch = 0;
  readonly revoked = new Map<string, number>();
  readonly conns: ModelConn[] = [];
  runs = 0;

  constructor(now: number) {
    this.now = now;
  }
  isGood(credential: Credential): boolean {
    return this.now < credential.exp && credential.iat > (this.revoked.get(credential.subject) ?? -1);
  }
  connect(credential: Credential | null): ModelConn {
    const good = credential === null || this.isGood(credential);
    const close = good ? null : this.now >= credential.exp ? "auth/expired" : "auth/unauthenticated";
    const conn: ModelConn = { credential, generation: 1, open: good, close, subs: new Map(), news: 0, modLog: 0 };
    this.conns.push(conn);
    return conn;
  }
  tick(now: number): void {
    this.now = now;
    for (const conn of this.conns) {
      if (conn.open && conn.credential !== null && now >= conn.credential.exp) this.end(conn, "auth/expired");
    }
  }
  end(conn: ModelConn, close: string): void {
    conn.open = false;
    conn.close = close;
    conn.subs.clear();
  }
  verdict(conn: ModelConn, event: string | null): string | null {
    const { credential } = conn;
    if (event === "modLog") {
      if (credential === null) return "unauthenticated";
      if (!credential.admin) return "forbidden";
    }
    return credential !== null && denied.has(credential.subject) ? "forbidden" : null;
  }
  subscribe(conn: ModelConn, event: string): string | null {
    const refusal = this.verdict(conn, event);
    if (refusal === null) conn.subs.set(event, { epoch: this.epoch, generation: conn.generation });
    return refusal;
  }
  act(conn: ModelConn): string | null {
    const refusal = this.verdict(conn, null);
    if (refusal === null) {
      this.runs += 1;
      this.broadcast();
    }
    return refusal;
  }
  broadcast(): void {
    for (const event of ["news", "modLog"] as const) {
      for (const conn of this.conns) {
        const sub = conn.subs.get(event);
        if (!conn.open || sub === undefined) continue;
        if (sub.epoch !== this.epoch || sub.generation !== conn.generation) {
          if (this.verdict(conn, event) !== null) {
            conn.subs.delete(event);
            continue;
          }
          sub.epoch = this.epoch;
          sub.generation = conn.generation;
        }
        conn[event] += 1;
      }
    }
  }
  renew(conn: ModelConn, fresh: Credential): string | null {
    if (this.now >= fresh.exp) return "expired";
    if (!this.isGood(fresh)) return "unauthenticated";
    if (conn.credential === null || conn.credential.subject !== fresh.subject) return "forbidden";
    conn.credential = fresh;
    conn.generation += 1;
    for (const [event, sub] of [...conn.subs]) {
      if (this.verdict(conn, event) !== null) conn.subs.delete(event);
      else Object.assign(sub, { epoch: this.epoch, generation: conn.generation });
    }
    return null;
  }
  revoke(subject: string): number {
    this.revoked.set(subject, Math.floor(this.now / 1000) * 1000 + 999);
    let closed = 0;
    for (const conn of this.conns) {
      if (conn.open && conn.credential?.subject === subject && !this.isGood(conn.credential)) {
        this.end(conn, "auth/unauthenticated");
        closed += 1;
      }
    }
    return closed;
  }
}

// ── one schedule ──

async function run(world: Virtual, seed: number): Promise<void> {
  const dice = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(dice() * list.length)]!;
  const model = new Model(world.clock.now());
  const people = ["alice", "bob"].map((name) => `${name}-${seed}`);
  const sockets: TestSocket[] = [];
  const path = `/actors/room/r${seed}`;
  const log: string[] = [];
  let id = 0;
  const runsBefore = handlerRuns;
  denied.clear();
  const epochBefore = world.edge.runtime.epoch;

  const credential = (subject: string, life: number, admin: boolean): { token: string; credential: Credential } => {
    const now = world.clock.now();
    const iat = Math.floor(now / 1000) * 1000;
    return { token: mint(subject, now, life, admin), credential: { subject, iat, exp: iat + life * 1000, admin } };
  };
  const reply = (socket: TestSocket): string | null => {
    const message = socket.messages.findLast((one) => one.id === id);
    return message === undefined ? "nothing" : message.t === "result" ? null : message.code;
  };
  const check = (what: string, actual: unknown, expected: unknown): void => {
    expect(actual, `seed ${seed}: ${what}\n  ${log.join("\n  ")}`).toEqual(expected);
  };

  for (let step = 0; step < STEPS; step++) {
    const open = model.conns.flatMap((conn, index) => (conn.open ? [index] : []));
    const choice = dice();
    if (sockets.length === 0 || (choice < 0.14 && sockets.length < 4)) {
      const anonymous = dice() < 0.2;
      const made = anonymous ? null : credential(pick(people), pick([1, 5, 30, 120]), dice() < 0.4);
      if (made !== null && dice() < 0.15) {
        await world.clock.advance(pick([1000, 6000]));
        model.tick(world.clock.now());
      }
      log.push(`connect ${made === null ? "visitor" : JSON.stringify(made.credential)} at ${world.clock.now()}`);
      sockets.push(await world.rpc(path, made === null ? {} : { token: made.token }));
      model.connect(made?.credential ?? null);
    } else if (choice < 0.3) {
      const ms = pick([1, 400, 999, 1000, 5000, 25_000, 70_000]);
      log.push(`advance ${ms}`);
      await world.clock.advance(ms);
      model.tick(world.clock.now());
    } else if (choice < 0.4) {
      const subject = pick(people);
      log.push(`revoke ${subject}`);
      const { closed } = await world.registry.revoke({ party: "User", identity: subject });
      check("connections closed by revoke", closed.length, model.revoke(subject));
    } else if (choice < 0.47) {
      log.push("bump epoch");
      model.epoch = (await world.registry.bumpEpoch()) - epochBefore;
    } else if (choice < 0.55) {
      const subject = pick(people);
      if (!denied.delete(subject)) denied.add(subject);
      log.push(`denied now: ${[...denied].join(",")}`);
    } else if (open.length > 0) {
      const index = pick(open);
      const socket = sockets[index]!;
      const conn = model.conns[index]!;
      id += 1;
      if (choice < 0.68) {
        const event = pick(["news", "modLog"]);
        log.push(`#${index} subscribe ${event}`);
        socket.say({ t: "subscribe", id, name: event });
        await world.settle();
        check("subscribe", reply(socket), model.subscribe(conn, event));
      } else if (choice < 0.8) {
        const subject = conn.credential === null || dice() < 0.15 ? pick(people) : conn.credential.subject;
        const fresh = credential(subject, pick([0, 5, 60, 300]), dice() < 0.5);
        log.push(`#${index} renew ${JSON.stringify(fresh.credential)}`);
        socket.say({ t: "renew", id, token: fresh.token });
        await world.settle();
        check("renew", reply(socket), model.renew(conn, fresh.credential));
      } else {
        log.push(`#${index} say`);
        socket.say({ t: "action", id, name: "say", args: [] });
        await world.settle();
        check("action", reply(socket), model.act(conn));
      }
    }
    await world.settle();
    check("handlers that ran", handlerRuns - runsBefore, model.runs);
    model.conns.forEach((conn, index) => {
      const socket = sockets[index]!;
      check(`#${index} close`, socket.closed?.reason ?? null, conn.close);
      for (const event of ["news", "modLog"] as const) {
        const delivered = socket.of("event").filter(({ name }) => name === event).length;
        check(`#${index} ${event} delivered`, delivered, conn[event]);
      }
    });
  }
  for (const socket of sockets) if (socket.closed === null) socket.hangUp();
  await world.settle();
}

test(`${ONLY === undefined ? SCHEDULES : 1} schedules agree with the model`, { timeout: 600_000 }, async () => {
  if (ONLY !== undefined) {
    await run(await virtual(registry()), Number(ONLY));
    return;
  }
  let world = await virtual(registry());
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    if (seed % SHARED === 0) world = await virtual(registry());
    await run(world, seed);
  }
  expect(world.faults).toEqual([]);
});
