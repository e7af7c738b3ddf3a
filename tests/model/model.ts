/**
 * Owns the history that decisions of the model rest on: time, actors, connections, revocations, deliveries, counts. An
 * invocation is a generator that yields how long it waits, so that what happens meanwhile happens to it as well.
 */
import {
  allBy,
  answerFor,
  ask,
  baseOf,
  byOf,
  type Caller,
  type Channel,
  deadAt,
  endOf,
  failureOf,
  isPresented,
  isRevoked,
  lookUp,
  ownBy,
  type Proof,
  proofsOf,
  type Readings,
  type Revocation,
  read,
  resolve,
  resolveConnection,
  WIRE,
} from "./decide.ts";
import {
  ACTIONS,
  BYS,
  type ByName,
  type ConnectionView,
  type Definition,
  FAILURE_WINDOW,
  type HttpCall,
  type InternalCall,
  type Kind,
  MEANWHILE,
  type Mode,
  type Open,
  PLANNED,
  type Presented,
  type Renew,
  type Say,
  type Seen,
  SLOW,
  SLOW_HANDLER,
  STEP,
  type Step,
  type Touch,
  type View,
} from "./definition.ts";
import type { Scene } from "./generate.ts";
import { Room } from "./room.ts";
import { Timeline, type Work } from "./timeline.ts";

interface Actor {
  n: number;
  asked: number;
  open: boolean;
}

interface Subscription {
  generation: number;
  epoch: number;
  /** Events that wait for a new decision; null when none is under way. */
  held: number | null;
}

interface Conn {
  readonly kind: "rpc" | "raw" | "sse";
  readonly id: number;
  readonly key: string;
  readings: Readings;
  generation: number;
  open: boolean;
  closed: string | null;
  readonly subscriptions: Map<string, Subscription>;
  readonly denied: Set<string>;
  /** What a pure decision answered, by entrypoint: under which generation and epoch, and the refusal. */
  readonly kept: Map<string, readonly [generation: number, epoch: number, refusal: string | null]>;
  readonly delivered: Record<string, number>;
  readonly ended: string[];
  echoes: number;
  /** Raw sockets: the epoch of the decision they stand on, and frames that wait for a new one. */
  epoch: number;
  held: number | null;
}

interface Approach {
  readonly kind: Kind;
  readonly name: string;
  readonly key: string;
  readonly mode: Mode;
  readonly presented: Presented;
  readonly channel: Channel;
  readonly bytes: string | null;
}

interface Admitted {
  readonly kind: Kind;
  readonly name: string;
  /** The connection its message came on. */
  readonly conn: Conn | null;
  readonly actor: Actor;
  readonly caller: Caller;
  readonly proofs: readonly Proof[];
  readonly readings: Readings;
  /** The epoch in which the decision began. */
  readonly epoch: number;
  /** Remembers the delivery. */
  remember(): void;
}

const NOTHING: Presented = { bearer: null, signed: null };
const OUTSIDE = "address";

export class Model {
  readonly #definition: Definition;
  readonly #time: Timeline;
  readonly #actors = new Map<string, Actor>();
  #conns: Conn[] = [];
  readonly #revocations: Revocation[] = [];
  readonly #done = new Map<string, number>();
  #epoch = 0;
  #policy = true;
  #rate: Room | null = null;
  #failures: Room | null = null;
  #ran: string[] = [];
  #connects = 0;
  #creates = 0;
  #connIds = 0;

  constructor(definition: Definition, now: number) {
    this.#definition = definition;
    this.#time = new Timeline(now);
    this.#begin();
  }

  /** A new process: what was only in memory is gone. */
  #begin(): void {
    const { rate, failures } = this.#definition;
    this.#rate = rate === null ? null : new Room(rate.limit, rate.window * 1000);
    this.#failures = failures === Number.POSITIVE_INFINITY ? null : new Room(failures, FAILURE_WINDOW);
    for (const conn of this.#conns) conn.open = false;
    this.#conns = [];
  }

  /** The connections that stand, and whom they proved. */
  get open(): Scene["open"] {
    return this.#conns.flatMap((conn, index) => {
      if (!conn.open) return [];
      const [proof] = proofsOf(conn.readings);
      return [{ index, kind: conn.kind, as: proof?.party ?? null, sub: proof?.identity ?? null }];
    });
  }

  /** What must be seen after this step. */
  step(step: Step): View {
    this.#ran = [];
    const start = this.#time.now;
    let seen: Seen = { answer: null, status: null, output: undefined };
    if ("meanwhile" in step && step.meanwhile !== null) {
      const { meanwhile } = step;
      this.#time.later(MEANWHILE, () => {
        if (meanwhile.what === "bump") this.#epoch += 1;
        else this.#revoke({ at: this.#time.now, party: "User", sub: meanwhile.sub, jti: null, claim: null });
      });
    }
    this.#time.start(this.#perform(step), (result) => {
      seen = result;
    });
    this.#time.advance(start + STEP + (step.step === "advance" ? step.ms : 0));
    const connections = this.#conns.map(
      ({ closed, delivered, ended, echoes }): ConnectionView => ({
        closed,
        delivered: { ...delivered },
        ended: [...ended],
        echoes,
      }),
    );
    return { seen, ran: this.#ran, connects: this.#connects, creates: this.#creates, connections };
  }

  *#perform(step: Step): Work<Seen> {
    switch (step.step) {
      case "http":
        return yield* this.#http(step);
      case "internal":
        return yield* this.#internal(step);
      case "open":
        return { ...(yield* this.#open(step)), status: null };
      case "touch":
        return yield* this.#touch(step);
      case "say":
        return yield* this.#say(step);
      case "renew":
        return { ...seenOf(this.#renew(step)), status: null };
      case "unsubscribe":
        this.#conns[step.on]!.subscriptions.delete(step.name);
        break;
      case "echo":
        this.#echo(this.#conns[step.on]!, 1);
        break;
      case "hang-up":
        this.#end(this.#conns[step.on]!, null);
        break;
      case "revoke":
        this.#revoke({
          at: this.#time.now,
          party: step.by === "all" ? null : "User",
          sub: step.by === "sub" || step.by === "all" ? step.value : null,
          jti: step.by === "jti" ? step.value : null,
          claim: step.by === "claim" ? ["role", step.value] : null,
        });
        break;
      case "bump":
        this.#epoch += 1;
        break;
      case "policy":
        this.#policy = !this.#policy;
        break;
      case "restart":
        this.#begin();
    }
    return { answer: null, status: null, output: undefined };
  }

  // ── the gate ──

  /** From limits to leave to run: `null` answers are leave. */
  *#gate(approach: Approach): Work<Admitted | string> {
    const { kind, name, key, mode, channel } = approach;
    const definition = this.#definition;
    const by = byOf(definition, kind, name);
    const readings = this.#authenticate([by], approach);
    if (typeof readings === "string") return readings;
    const caller = resolve(by, readings, channel);
    if (typeof caller === "string") return caller;
    const proofs = proofsOf(readings);
    const isMissing = !this.#actors.has(key);
    const refused = yield* this.#mayStand(key, mode, readings, channel);
    if (refused !== null) return refused;
    const mark = caller.proof?.mark ?? null;
    const delivery = mark === null ? null : `${key}:${kind}:${name}:${mark.id}`;
    if (delivery !== null && (this.#done.get(delivery) ?? 0) > this.#time.now) return "duplicate";
    const actor = this.#actors.get(key) ?? { n: 0, asked: 0, open: false };
    const decided = yield* this.#decide(kind, name, caller, readings, actor, () =>
      definition.rate?.per === "identity" ? this.#count(this.#nameOf(caller)) : null,
    );
    if (decided !== null) return decided;
    const admitted: Admitted = {
      kind,
      name,
      conn: null,
      actor,
      caller,
      proofs,
      readings,
      epoch: this.#epoch,
      remember: () => {
        if (delivery !== null) this.#done.set(delivery, mark!.keepUntil);
      },
    };
    if (!isMissing) return admitted;
    const denied = yield* this.#create(key, mode, actor);
    if (denied !== null) return denied;
    return (yield* this.#inForce(admitted)) ?? { ...admitted, epoch: this.#epoch };
  }

  /** G7: after a wait the lease is looked at again, and the decision taken again where it is older than the policy. */
  *#inForce({ kind, name, conn, caller, readings, actor, proofs, epoch }: Admitted): Work<string | null> {
    const dead = deadAt(proofs, this.#revocations, this.#time.now);
    if (dead !== null || epoch === this.#epoch || answerFor(this.#definition, kind, name) === null) return dead;
    return yield* this.#decide(kind, name, caller, readings, actor, () => null, conn);
  }

  #authenticate(bys: readonly ByName[], approach: Approach): Readings | string {
    const { rate } = this.#definition;
    if (approach.channel === "outside") {
      if (rate?.per === "address" && this.#count(OUTSIDE) !== null) return "byward/overloaded";
    }
    return this.#prove(bys, approach);
  }

  #prove(bys: readonly ByName[], { presented, channel, bytes }: Approach): Readings | string {
    if (channel === "outside") {
      if (isPresented(bys, presented) && this.#failures?.has(OUTSIDE, this.#time.now) === false)
        return "byward/overloaded";
    }
    const readings = read(this.#definition, bys, presented, channel, bytes, this.#time.now);
    if (failureOf(readings) === "auth/unauthenticated") this.#failures?.take(OUTSIDE, this.#time.now);
    return deadAt(proofsOf(readings), this.#revocations, this.#time.now) ?? readings;
  }

  /** Lease, limits by caller, canInvoke, lease, the name: what is asked of every message and again of subscriptions. */
  *#decide(
    kind: Kind,
    name: string,
    caller: Caller,
    readings: Readings,
    actor: Actor,
    limit: () => string | null,
    conn: Conn | null = null,
  ): Work<string | null> {
    const proofs = proofsOf(readings);
    const dead = deadAt(proofs, this.#revocations, this.#time.now) ?? limit();
    if (dead !== null) return dead;
    const answer = answerFor(this.#definition, kind, name);
    const entry = conn === null ? null : this.#keptEntry(conn, kind, name);
    let asked: ReturnType<typeof ask> | null = null;
    for (let isAsking = answer !== null; isAsking; ) {
      const ground = [conn?.generation ?? 0, this.#epoch] as const;
      const known = entry === null ? undefined : conn!.kept.get(entry);
      const isKnown = known !== undefined && known[0] === ground[0] && known[1] === ground[1];
      asked = isKnown
        ? { delay: 0, refusal: known[2] }
        : ask(answer!, caller, actor.open, this.#policy, this.#definition.pure);
      if (asked.delay > 0) yield asked.delay;
      const isVerdict = asked.refusal === null || asked.refusal === "auth/forbidden";
      // Ruling 17: what was asked under another lease or policy stands for nothing.
      if (isVerdict && entry !== null && conn!.generation === ground[0] && this.#epoch === ground[1])
        conn!.kept.set(entry, [...ground, asked.refusal]);
      // G7: leave that was given under a policy of before is asked for again.
      isAsking = asked.refusal === null && this.#epoch !== ground[1];
    }
    const refusal =
      asked?.refusal ??
      deadAt(proofs, this.#revocations, this.#time.now) ??
      lookUp(this.#definition, kind, name, ACTIONS);
    // Ruling 10: what canInvoke changed stays with the admitted invocation only.
    if (refusal === null && asked !== null && this.#definition.counts) actor.asked += 1;
    return refusal;
  }

  /** Where a verdict of a pure decision is kept: on connections with messages, for declared names. */
  #keptEntry({ kind: of }: Conn, kind: Kind, name: string): string | null {
    const { pure, events, queues } = this.#definition;
    const declared: Partial<Record<Kind, readonly string[] | null>> = {
      action: ACTIONS,
      queue: queues,
      subscribe: events,
    };
    return pure && of === "rpc" && declared[kind]?.includes(name) === true ? `${kind} ${name}` : null;
  }

  /** A missing actor: who may create it; then the hooks before a connection stands. */
  *#mayStand(key: string, mode: Mode, readings: Readings, channel: Channel): Work<string | null> {
    const { canCreate, beforeConnect } = this.#definition;
    if (!this.#actors.has(key) && mode === "getOrCreate") {
      const creator = resolve(ownBy(this.#definition), readings, channel);
      const proves = proofsOf(readings).length > 0;
      if (typeof creator === "string" || (creator.proof === null && proves)) return "auth/forbidden";
      if (canCreate !== null) {
        const asked = ask(canCreate, creator, false, this.#policy);
        if (asked.delay > 0) yield asked.delay;
        if (asked.refusal !== null) return asked.refusal.startsWith("user/") ? "byward/internal_error" : asked.refusal;
      }
    }
    if (beforeConnect === "slow") yield SLOW;
    if (beforeConnect === "refuses") return "user/refused";
    return beforeConnect === "throws" ? "byward/internal_error" : null;
  }

  *#create(key: string, mode: Mode, actor: Actor): Work<string | null> {
    if (mode === "get") return "actor/not_found";
    if (this.#definition.onCreate === "slow") yield SLOW;
    this.#actors.set(key, actor);
    this.#creates += 1;
    return null;
  }

  /** Counts under the one rate rule; the refusal where there is no room. */
  #count(key: string): string | null {
    return this.#rate === null || this.#rate.take(key, this.#time.now) ? null : "byward/overloaded";
  }

  /** Callers without identity are counted by address. */
  #nameOf({ proof }: Caller): string {
    return proof?.identity == null ? OUTSIDE : `${proof.party} ${proof.identity}`;
  }

  // ── calls ──

  *#http(call: HttpCall): Work<Seen> {
    const { kind, name, key, body } = call;
    if (call.unknownType) return seenOf("request/not_found");
    if (call.wrongMethod) return seenOf("request/method_not_allowed");
    const hasBody = kind === "action" || kind === "queue";
    if (hasBody && body === "too-long") return seenOf("message/incoming_too_long");
    // A signature is over the body, so that it is read first.
    const readsFirst = BYS[byOf(this.#definition, kind, name)].some((member) => baseOf(member) === "Hook");
    if (readsFirst && body === "slow" && hasBody) yield SLOW;
    if (call.badHeader) return seenOf("request/invalid_request");
    const bytes = hasBody ? bodyOf(call) : "";
    const admitted = yield* this.#gate({ ...call, channel: "outside", bytes });
    if (typeof admitted === "string") return seenOf(admitted);
    this.#connects += 1;
    if (kind === "subscribe") {
      const conn = this.#connect("sse", key, admitted.readings);
      conn.subscriptions.set(name, { generation: 1, epoch: admitted.epoch, held: null });
      return seenOf("ok");
    }
    if (kind === "request") {
      this.#note("request", "", admitted.caller);
      admitted.remember();
      return seenOf("ok");
    }
    if (body === "other-type") return seenOf("request/unsupported_media_type");
    if (body === "slow" && !readsFirst) yield SLOW;
    if (body === "not-json") return seenOf("message/invalid_message");
    if (body === "wrong-shape") return seenOf(`${kind}/invalid_request`);
    if (kind === "action") return yield* this.#run(name, key, admitted);
    const refused = yield* this.#inForce(admitted);
    if (refused !== null) return seenOf(refused);
    admitted.remember();
    return seenOf("ok");
  }

  *#internal({ kind, name, key, mode }: InternalCall): Work<Seen> {
    const admitted = yield* this.#gate({
      kind,
      name,
      key,
      mode,
      presented: NOTHING,
      channel: "inside",
      bytes: null,
    });
    if (typeof admitted === "string") return { ...seenOf(admitted), status: null };
    this.#connects += 1;
    if (kind === "request") this.#note("request", "", admitted.caller);
    const seen = kind === "action" ? yield* this.#run(name, key, admitted) : seenOf("ok");
    return { ...seen, status: null };
  }

  /** An admitted action; its reply is refused where the lease has ended meanwhile (ruling 16). */
  *#run(name: string, key: string, admitted: Admitted): Work<Seen> {
    const { actor, caller, proofs, remember } = admitted;
    if (name === "typed") yield SLOW;
    const refused = yield* this.#inForce(admitted);
    if (refused !== null) return seenOf(refused);
    this.#note("action", name, caller);
    if (name === "refuse") return seenOf("user/not_here");
    if (name === "crash") return seenOf("byward/internal_error");
    if (name === "slow") yield SLOW_HANDLER;
    if (name === "plan") {
      // The hook before a connection runs for the schedule as well.
      const hook = this.#definition.beforeConnect === "slow" ? SLOW : 0;
      this.#time.later(PLANNED + hook, () => this.#scheduled(key, actor));
    }
    if (name === "toggle") actor.open = !actor.open;
    const isHeard = name === "act" || name === "slow";
    if (isHeard) actor.n += 1;
    const output = { n: actor.n, asked: actor.asked, open: actor.open };
    // Events leave after the commit; what is decided again for them comes after what the handler saw.
    if (isHeard) this.#broadcast(key);
    remember();
    const dead = deadAt(proofs, this.#revocations, this.#time.now);
    // It ran: whatever ended the lease meanwhile, that is no refusal (ruling 16).
    return dead === null ? { ...seenOf("ok"), output } : seenOf("auth/expired");
  }

  /** Ruling 6: an actor's own schedule is not judged by canInvoke. */
  #scheduled(key: string, actor: Actor): void {
    actor.open = !actor.open;
    this.#ran.push(`action toggle Scheduler thing/${key}`);
  }

  #note(kind: string, name: string, { party, proof }: Caller): void {
    this.#ran.push(`${kind} ${name} ${party} ${proof?.identity ?? "-"}`);
  }

  /** Gated by party, like opening a connection; who gets or creates stands under the actor's own parties first. */
  *#touch(call: Touch): Work<Seen> {
    const { method, key, body } = call;
    if (method === "DELETE") return seenOf("request/method_not_allowed");
    const own = ownBy(this.#definition);
    // A signature is over the body, and a lookup has none.
    const bytes = BYS[own].some((member) => baseOf(member) === "Hook")
      ? method === "GET"
        ? ""
        : bodyOfTouch(body)
      : null;
    const approach: Approach = { ...call, kind: "action", name: "", mode: "getOrCreate", channel: "outside", bytes };
    if (method !== "GET") {
      const readings = this.#prove([own], approach);
      if (typeof readings === "string") return seenOf(readings);
      const caller = resolve(own, readings, "outside");
      if (typeof caller === "string") return seenOf(caller);
      if (body === "other-type") return seenOf("request/unsupported_media_type");
      if (body === "not-json") return seenOf("message/invalid_message");
      if (body === "wrong-shape") return seenOf("request/invalid_request");
    }
    const isMissing = !this.#actors.has(key);
    const refused = yield* this.#mayOpen({ ...approach, mode: method === "GET" ? "get" : "getOrCreate" });
    if (typeof refused === "string") return seenOf(refused);
    if (method !== "POST") return seenOf("ok");
    return isMissing ? { ...seenOf("ok"), status: 201 } : seenOf("actor/duplicate_key");
  }

  // ── connections ──

  *#open(call: Open): Work<Seen> {
    const conn = this.#reserve(call.kind === "rpc" ? "rpc" : "raw", call.key);
    const refuse = (code: string): Seen => {
      conn.closed = `${WIRE[code]!.close} ${code}`;
      return seenOf(code);
    };
    if (call.foreignOrigin) return refuse("auth/forbidden");
    if (call.unknownType) return refuse("request/not_found");
    if (call.kind === "rpc") return yield* this.#openRpc(call, conn, refuse);
    const admitted = yield* this.#gate({ ...call, kind: "websocket", name: "", channel: "outside", bytes: null });
    if (typeof admitted === "string") return refuse(admitted);
    this.#connects += 1;
    this.#note("websocket", "", admitted.caller);
    this.#stand(conn, admitted.readings);
    conn.epoch = admitted.epoch;
    return seenOf("ok");
  }

  *#openRpc(call: Open, conn: Conn, refuse: (code: string) => Seen): Work<Seen> {
    const readings = yield* this.#mayOpen({ ...call, kind: "action", name: "", channel: "outside", bytes: null });
    if (typeof readings === "string") return refuse(readings);
    this.#connects += 1;
    this.#stand(conn, readings);
    return seenOf("ok");
  }

  /** Opening is gated by party alone (ruling 8). */
  *#mayOpen(approach: Approach): Work<Readings | string> {
    const { key, mode } = approach;
    const readings = this.#authenticate(allBy(this.#definition), approach);
    if (typeof readings === "string") return readings;
    const caller = resolveConnection(this.#definition, readings);
    if (typeof caller === "string") return caller;
    if (this.#definition.rate?.per === "identity" && this.#count(this.#nameOf(caller)) !== null)
      return "byward/overloaded";
    const isMissing = !this.#actors.has(key);
    const refused = yield* this.#mayStand(key, mode, readings, "outside");
    if (refused !== null) return refused;
    if (isMissing) {
      const denied = yield* this.#create(key, mode, { n: 0, asked: 0, open: false });
      if (denied !== null) return denied;
    }
    return deadAt(proofsOf(readings), this.#revocations, this.#time.now) ?? readings;
  }

  #reserve(kind: Conn["kind"], key: string): Conn {
    const conn: Conn = {
      kind,
      id: this.#connIds++,
      key,
      readings: new Map(),
      generation: 1,
      open: false,
      closed: null,
      subscriptions: new Map(),
      denied: new Set(),
      kept: new Map(),
      delivered: {},
      ended: [],
      echoes: 0,
      epoch: 0,
      held: null,
    };
    this.#conns.push(conn);
    return conn;
  }

  #connect(kind: Conn["kind"], key: string, readings: Readings): Conn {
    const conn = this.#reserve(kind, key);
    this.#stand(conn, readings);
    return conn;
  }

  #stand(conn: Conn, readings: Readings): void {
    conn.readings = readings;
    conn.open = true;
    this.#expireLater(conn);
  }

  #expireLater(conn: Conn): void {
    const end = endOf(proofsOf(conn.readings));
    const { generation } = conn;
    if (end === null) return;
    this.#time.later(end - this.#time.now, () => {
      if (conn.generation === generation) this.#end(conn, "auth/expired");
    });
  }

  #end(conn: Conn, code: string | null): void {
    if (!conn.open) return;
    conn.open = false;
    conn.closed = code === null ? null : `${WIRE[code]!.close} ${code}`;
    conn.subscriptions.clear();
  }

  #revoke(revocation: Revocation): void {
    this.#revocations.push(revocation);
    for (const conn of this.#conns) {
      if (isRevoked(proofsOf(conn.readings), [revocation], this.#time.now)) this.#end(conn, "auth/unauthenticated");
    }
  }

  *#say({ on, kind, name }: Say): Work<Seen> {
    const conn = this.#conns[on]!;
    const reply = (code: string | null): Seen =>
      conn.open ? { ...seenOf(code ?? "ok"), status: null } : { answer: null, status: null, output: undefined };
    const { readings } = conn;
    const caller = resolve(byOf(this.#definition, kind, name), readings, "outside");
    const actor = this.#actors.get(conn.key)!;
    const refusal =
      typeof caller === "string"
        ? caller
        : yield* this.#decide(kind, name, caller, readings, actor, () => this.#countMessage(conn, caller), conn);
    if (refusal !== null) {
      if (kind === "subscribe") conn.denied.add(name);
      return reply(refusal);
    }
    if (kind === "queue") return reply(null);
    if (kind === "subscribe") {
      conn.denied.delete(name);
      if (conn.open) {
        conn.subscriptions.set(name, { generation: conn.generation, epoch: this.#epoch, held: null });
      }
      return reply(null);
    }
    const admitted: Admitted = {
      kind,
      name,
      conn,
      actor,
      caller: caller as Caller,
      proofs: proofsOf(readings),
      readings,
      epoch: this.#epoch,
      remember: () => {},
    };
    const seen = yield* this.#run(name, conn.key, admitted);
    return conn.open ? { ...seen, status: null } : reply(null);
  }

  #countMessage(conn: Conn, caller: Caller): string | null {
    const { rate } = this.#definition;
    if (rate === null) return null;
    return this.#count({ address: OUTSIDE, identity: this.#nameOf(caller), connection: `${conn.id}` }[rate.per]);
  }

  /** Keeps the subject, narrows at most, and never loses an end it had. */
  #renew({ on, bearer }: Renew): string | null {
    const conn = this.#conns[on]!;
    const definition = this.#definition;
    const presented: Presented = { bearer, signed: null };
    const bys = allBy(definition);
    if (isPresented(bys, presented) && this.#failures?.has(OUTSIDE, this.#time.now) === false)
      return "byward/overloaded";
    const readings = read(definition, bys, presented, "outside", null, this.#time.now);
    const failure = failureOf(readings);
    if (failure === "auth/unauthenticated") this.#failures?.take(OUTSIDE, this.#time.now);
    if (failure !== null) return failure;
    const fresh = proofsOf(readings);
    const dead = deadAt(fresh, this.#revocations, this.#time.now);
    if (dead !== null) return dead;
    if (fresh.length === 0) return "auth/unauthenticated";
    const before = proofsOf(conn.readings);
    const isKept = fresh.every((proof) =>
      before.some((old) => old.party === proof.party && old.identity === proof.identity),
    );
    if (!isKept) return "auth/forbidden";
    conn.readings = readings;
    conn.generation += 1;
    this.#expireLater(conn);
    for (const [name, subscription] of [...conn.subscriptions]) {
      if (subscription.held === null) this.#decideAgain(conn, name, subscription, 0);
    }
    return null;
  }

  /** A frame of a raw socket, under a decision no older than the policy. */
  #echo(conn: Conn, count: number): void {
    if (!conn.open || count === 0) return;
    if (conn.held !== null) conn.held += count;
    else if (conn.epoch === this.#epoch) conn.echoes += count;
    else {
      conn.held = count;
      const caller = resolve(byOf(this.#definition, "websocket", ""), conn.readings, "outside") as Caller;
      const actor = this.#actors.get(conn.key)!;
      this.#time.start(
        this.#decide("websocket", "", caller, conn.readings, actor, () => null),
        (refusal) => {
          const held = conn.held ?? 0;
          conn.held = null;
          conn.epoch = this.#epoch;
          if (refusal !== null) this.#end(conn, refusal);
          else this.#echo(conn, held);
        },
      );
    }
  }

  // ── events ──

  #broadcast(key: string): void {
    for (const conn of this.#conns) {
      if (conn.key !== key || !conn.open) continue;
      this.#deliver(conn, "news", 1);
      this.#send(conn, "direct");
    }
  }

  /** G7: under a dead lease, or a decision older than the policy, nothing is delivered. */
  #deliver(conn: Conn, name: string, count: number): void {
    const subscription = conn.subscriptions.get(name);
    if (subscription === undefined || !conn.open || count === 0) return;
    if (subscription.held !== null) subscription.held += count;
    else if (subscription.generation === conn.generation && subscription.epoch === this.#epoch) {
      conn.delivered[name] = (conn.delivered[name] ?? 0) + count;
    } else this.#decideAgain(conn, name, subscription, count);
  }

  #decideAgain(conn: Conn, name: string, subscription: Subscription, held: number): void {
    subscription.held = held;
    const { generation } = conn;
    const epoch = this.#epoch;
    const caller = resolve(byOf(this.#definition, "subscribe", name), conn.readings, "outside");
    const conclude = (refusal: string | null): void => {
      if (!conn.open || conn.subscriptions.get(name) !== subscription) return;
      if (refusal !== null) {
        conn.subscriptions.delete(name);
        conn.denied.add(name);
        conn.ended.push(`${name} auth/forbidden`);
        if (conn.kind === "sse") this.#end(conn, null);
        return;
      }
      const count = subscription.held ?? 0;
      Object.assign(subscription, { generation, epoch, held: null });
      this.#deliver(conn, name, count);
    };
    if (typeof caller === "string") conclude(caller);
    else {
      const actor = this.#actors.get(conn.key)!;
      this.#time.start(
        this.#decide("subscribe", name, caller, conn.readings, actor, () => null, conn),
        conclude,
      );
    }
  }

  /** A direct send needs no subscription, and does not go round a denial. */
  #send(conn: Conn, name: string): void {
    if (conn.denied.has(name) || conn.kind === "raw") return;
    if (conn.kind === "sse" && !conn.subscriptions.has(name)) return;
    if (typeof resolve(byOf(this.#definition, "subscribe", name), conn.readings, "outside") === "string") return;
    conn.delivered[name] = (conn.delivered[name] ?? 0) + 1;
  }
}

/** The bytes of a call's body. */
export function bodyOf({ kind, body }: HttpCall): string {
  if (body === "not-json") return "{";
  if (kind === "queue") return body === "wrong-shape" ? "[]" : '{"body":1}';
  return body === "wrong-shape" ? '{"a":1}' : "[1]";
}

export function bodyOfTouch(body: Touch["body"]): string {
  return body === "not-json" ? "{" : body === "wrong-shape" ? "[]" : "{}";
}

function seenOf(code: string | null): Seen {
  const answer = code ?? "ok";
  const status = answer === "ok" || answer === "duplicate" ? 200 : WIRE[answer]!.status;
  return { answer, status, output: undefined };
}
