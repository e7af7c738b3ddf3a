/**
 * Owns the actors of one registry on one host: which instances are in memory, who may become one, what must be woken,
 * which credentials are revoked, which policy epoch is in force. Transports and `setup` drive it; user code never sees it.
 *
 * Invariants: one live instance per address; an instance that nobody was admitted to is never in the map, never written
 * and bounded in number (ruling 9, G12).
 */
import type { SealedCaller } from "../boundary/caller.ts";
import { ConfigurationError, Refusal } from "../boundary/errors.ts";
import { identityText, Revocations, type RevokeQuery } from "../boundary/lease.ts";
import { andThen, isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import { type AnyParty, type By, baseOf, Caller, Producer, Scheduler, Visitor } from "../boundary/party.ts";
import { FailedProofs, type RateCounters, type RateRule, RateRules } from "../boundary/rate.ts";
import type { Presentation } from "../boundary/scheme.ts";
import type { BearerScheme } from "../boundary/schemes/bearer.ts";
import { Boundary, type Credentials } from "../boundary/verify.ts";
import type { ActorRef, Clock, DueActor, Host, RevocationRow, Timer } from "../hosts/port.ts";
import { keyText, parseKey } from "../protocol/key.ts";
import { LocalCallee } from "./callee.ts";
import type { Callee } from "./callee-port.ts";
import type { Connection, ConnectionEnd } from "./connection.ts";
import { DecisionRing } from "./decisions.ts";
import { basesOf, type CompiledActor } from "./entrypoints.ts";
import { newCorrelationId } from "./failure.ts";
import type { Fleet } from "./fleet.ts";
import { Hibernation } from "./hibernation.ts";
import { ActorInstance } from "./instance.ts";
import type { Levels } from "./levels.ts";
import type { RegistryLimits } from "./limits.ts";
import { OutgoingLinks } from "./outgoing.ts";
import type { ServiceLink } from "./service-link.ts";
import type { Address } from "./stateless.ts";
import type { ClosedConnection, Surroundings } from "./surroundings.ts";

/** What `registry.revoke` answers, once the revocation is durable and every live connection has been looked at. */
export interface RevokeReceipt {
  readonly id: string;
  /** Epoch ms. */
  readonly revokedAt: number;
  /** Connections it closed. */
  readonly closed: readonly ClosedConnection[];
}

export interface RuntimeParts {
  readonly host: Host;
  readonly actors: ReadonlyMap<string, CompiledActor>;
  readonly extraParties: Iterable<AnyParty>;
  /** What services admit, beside the actors. */
  readonly extraBy?: readonly By[];
  readonly limits: RegistryLimits;
  /** Limits by caller, for all entrypoints of the registry. */
  readonly rate?: readonly RateRule[];
  readonly skew: number;
  /** The other runtimes of the registry, where its actors are spread over several on one machine. */
  readonly fleet?: Fleet | undefined;
  /** Counts of rate rules and failed proofs that several runtimes share. */
  readonly rateCounters?: RateCounters | undefined;
  /** Where each actor has a process of its own; absent where one process holds them all. */
  readonly surroundings?: Surroundings;
}

const PRELUDE: readonly AnyParty[] = [Visitor, Caller, Scheduler, Producer];
/** Woken actors per batch after a start, and the pause between batches, ms. */
const WAKE_BATCH = 64;
const WAKE_PAUSE = 20;
const REVOCATION_PRUNE_INTERVAL = 60_000;

export class Runtime {
  readonly host: Host;
  readonly actors: ReadonlyMap<string, CompiledActor>;
  readonly limits: RegistryLimits;
  readonly decisions = new DecisionRing();
  readonly revocations = new Revocations();
  readonly connections = new Set<Connection>();
  /** Leases that ended since the start, by cause. */
  readonly leaseEnds = { expired: 0, revoked: 0 };
  readonly rates: RateRules;
  readonly failedProofs: FailedProofs;
  readonly hibernation: Hibernation;
  readonly surroundings: Surroundings | null;
  /** What callers that are no actors hold open: handlers of services. */
  readonly outgoing = new OutgoingLinks(() => {});
  readonly #fleet: Fleet | null;
  readonly #callee: Callee = new LocalCallee(this);
  readonly #instances = new Map<string, MaybePromise<ActorInstance>>();
  /** Loads under way: two of one actor might be answered out of turn, and the later answer be the older snapshot. */
  readonly #loads = new Map<string, Promise<ActorInstance | null>>();
  readonly #boundary: Boundary;
  readonly #partyByName: ReadonlyMap<string, AnyParty>;
  readonly #extraBy: readonly By[];
  /** ms a revocation is remembered: no accepted token lives longer. */
  readonly #longestLife: number;
  /** The services beside the actors; null where the registry has none. */
  services: ServiceLink | null = null;
  #epoch = 0;
  #provisional = 0;
  #pendingSockets = 0;
  /** Connections on their way, beside those that stand. */
  #opening = 0;
  #wakeTimer: Timer | null = null;
  #wakeAt = Number.POSITIVE_INFINITY;
  #pruneTimer: Timer | null = null;
  #stopping = false;

  private constructor(parts: RuntimeParts, boundary: Boundary, parties: readonly AnyParty[]) {
    this.host = parts.host;
    this.actors = parts.actors;
    this.limits = parts.limits;
    this.#fleet = parts.fleet ?? null;
    const { limits, rateCounters } = parts;
    this.rates = new RateRules(parts.rate ?? [], parts.host.clock, rateCounters);
    this.failedProofs = new FailedProofs(limits.maxFailedAuthentications, parts.host.clock, rateCounters);
    this.surroundings = parts.surroundings ?? null;
    this.#boundary = boundary;
    this.#extraBy = parts.extraBy ?? [];
    this.#partyByName = new Map(parties.map((party) => [party.name, party]));
    this.#longestLife = Math.max(
      limits.maxCredentialLifetime,
      ...parties.map((party) => longestLife(party, parts.skew)),
    );
    this.hibernation = new Hibernation({
      clock: parts.host.clock,
      epoch: () => this.#epoch,
      correlationId: () => newCorrelationId(parts.host),
      forget: (connection, cause) => this.forgetConnection(connection, cause),
      wakeForDisconnect: (ref, connection) => void this.#disconnectAsleep(ref, connection),
    });
  }

  /**
   * Prepares every party, then reads what is revoked and which epoch is in force. Nothing is served before.
   * @throws ConfigurationError for a party that cannot be prepared
   */
  static async start(parts: RuntimeParts): Promise<Runtime> {
    const { host } = parts;
    const parties = [
      ...new Set([
        ...PRELUDE,
        ...[...parts.actors.values()].flatMap((compiled) => [...compiled.bases, ...basesOf(compiled.by)]),
        ...(parts.extraBy ?? []).flatMap(basesOf),
        ...parts.extraParties,
      ]),
    ];
    assertDistinctNames(parties);
    const boundary = await Boundary.prepare(parties, {
      secret: (name) => host.env(name),
      now: () => host.clock.now(),
      after: (delay, task) => host.clock.after(delay, task),
      fetch: (input, init) => host.fetch(input, init),
      hmac: host.hmac,
      sha256: host.sha256,
      warn: (message) => host.log.warn({}, message),
      skew: parts.skew,
    });
    const runtime = new Runtime(parts, boundary, parties);
    for (const row of await host.store.listRevocations(host.clock.now())) runtime.revocations.add(row);
    runtime.#epoch = await host.store.getEpoch();
    // A timer that is always pending would hold a process that may leave memory.
    if (runtime.surroundings === null) runtime.#armPrune();
    return runtime;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  /** Verifies what was presented for a `by`. */
  prove(by: By, presentation: Presentation): MaybePromise<Credentials> {
    return this.#prove(basesOf(by), presentation);
  }

  /** Verifies what was presented against every party of an actor (ruling 8). */
  proveForConnection(compiled: CompiledActor, presentation: Presentation): MaybePromise<Credentials> {
    return this.#prove(compiled.bases, presentation);
  }

  #prove(bases: readonly AnyParty[], presentation: Presentation): MaybePromise<Credentials> {
    const fresh = this.surroundings?.refresh();
    if (!isPromise(fresh)) return this.#proveNow(bases, presentation);
    return fresh.then(() => this.#proveNow(bases, presentation));
  }

  #proveNow(bases: readonly AnyParty[], presentation: Presentation): MaybePromise<Credentials> {
    return andThen(this.#boundary.prove(bases, presentation, this.host.clock.now()), (credentials) => {
      this.failedProofs.note(credentials, presentation);
      return credentials;
    });
  }

  /** The refusal for credentials under a revocation; null when there is none. */
  refuseRevoked(credentials: Credentials): Refusal | null {
    if (this.revocations.size === 0) return null;
    for (const proof of credentials.proofs) {
      if (this.revocations.findForProof(proof) !== null) {
        return new Refusal("unauthenticated", { reason: "credential.revoked" });
      }
    }
    const { channel } = credentials;
    if (channel.kind === "caller" && channel.caller.onBehalfOf) {
      if (this.isRecordRevoked(channel.caller.onBehalfOf)) {
        return new Refusal("forbidden", { reason: "on_behalf_of.revoked" });
      }
    }
    return null;
  }

  isRecordRevoked(record: NonNullable<Parameters<Revocations["findForRecord"]>[0]>): boolean {
    return this.revocations.findForRecord(record, this.baseNameOf(record.party)) !== null;
  }

  /** The base party's name for a party or refinement name. */
  baseNameOf(name: string): string {
    return this.#refinementBases().get(name) ?? name;
  }

  #refinements: Map<string, string> | null = null;
  #refinementBases(): ReadonlyMap<string, string> {
    if (this.#refinements === null) {
      this.#refinements = new Map();
      const all = [...this.actors.values()].flatMap((compiled) => compiled.allBy);
      for (const by of [...all, ...this.#extraBy]) {
        if (by.type === "refinement") this.#refinements.set(by.name, baseOf(by).name);
      }
    }
    return this.#refinements;
  }

  partyNamed(name: string): AnyParty | undefined {
    return this.#partyByName.get(name);
  }

  /** Who answers internal calls to an actor. */
  calleeOf(name: string, address: Address): MaybePromise<Callee> {
    if (this.#fleet === null) return this.#callee;
    return andThen(this.#fleet.calleeOf(name, address), (elsewhere) => elsewhere ?? this.#callee);
  }

  /** What the other runtimes of the registry held when they last said so. */
  levelsElsewhere(): readonly Levels[] {
    return this.#fleet?.levels?.() ?? [];
  }

  /** The live instance at an address, loaded if it sleeps; null when no such actor exists. */
  locate(compiled: CompiledActor, ref: ActorRef, key: readonly string[]): MaybePromise<ActorInstance | null> {
    const address = addressOf(ref);
    const known = this.#instances.get(address);
    if (known !== undefined) return known;
    this.#assertRunning();
    this.#assertOwn(ref);
    let load = this.#loads.get(address);
    if (load === undefined) {
      load = this.#load(address, compiled, ref, key).finally(() => this.#loads.delete(address));
      this.#loads.set(address, load);
    }
    return load;
  }

  /** Who stops has looked for the last time at who lives: nobody wakes or is created after it. */
  #assertRunning(): void {
    if (this.#stopping) throw new Refusal("unavailable", { reason: "registry.stopping" });
  }

  /** Two runtimes must never both hold an actor: who is routed here by mistake is refused. */
  #assertOwn(ref: ActorRef): void {
    if (this.#fleet === null || this.#fleet.owns(ref)) return;
    throw new Refusal("fault", { reason: "fleet.foreign", cause: new Error(`${addressOf(ref)} lives elsewhere`) });
  }

  async #load(
    address: string,
    compiled: CompiledActor,
    ref: ActorRef,
    key: readonly string[],
  ): Promise<ActorInstance | null> {
    const snapshot = await this.host.store.load(ref);
    const known = this.#instances.get(address);
    if (known !== undefined) return known;
    this.#assertRunning();
    if (snapshot === null) return null;
    const starting = ActorInstance.restore(this, compiled, ref, key, snapshot);
    this.#instances.set(address, starting);
    try {
      const instance = await starting;
      if (this.#instances.get(address) === starting) this.#instances.set(address, instance);
      return instance;
    } catch (error) {
      if (this.#instances.get(address) === starting) this.#instances.delete(address);
      throw error;
    }
  }

  /** The actor with this id, if it is the present incarnation. */
  async locateById(compiled: CompiledActor, id: string): Promise<{ ref: ActorRef; instance: ActorInstance } | null> {
    const ref = await this.host.store.findById(id);
    if (ref === null || ref.name !== compiled.name) return null;
    const instance = await this.locate(compiled, ref, parseKey(ref.key));
    return instance === null || instance.id !== id ? null : { ref, instance };
  }

  /** A private instance in its initial state, to judge a caller of a missing actor by (ruling 9). */
  async provisional(
    compiled: CompiledActor,
    key: readonly string[],
    input: unknown,
    caller: SealedCaller,
    mode: "get" | "getOrCreate",
  ): Promise<ActorInstance> {
    if (this.#provisional >= this.limits.maxProvisional) {
      throw new Refusal("overloaded", { reason: "provisional.limit" });
    }
    this.#provisional += 1;
    try {
      return await ActorInstance.provisional(
        this,
        compiled,
        { name: compiled.name, key: keyText(key) },
        key,
        input,
        mode === "get" ? null : caller,
      );
    } catch (error) {
      this.#provisional -= 1;
      throw error;
    }
  }

  /** A provisional instance that nobody was admitted to. */
  discard(instance: ActorInstance): void {
    this.#provisional -= 1;
    instance.discard();
  }

  /** Makes a provisional instance the actor. False when another one became it meanwhile: judge again there. */
  async promote(instance: ActorInstance): Promise<boolean> {
    const address = addressOf(instance.ref);
    if (this.#instances.has(address)) {
      this.discard(instance);
      return false;
    }
    if (this.#stopping) this.discard(instance);
    this.#assertRunning();
    const creating = instance.create().then(() => instance);
    this.#instances.set(address, creating);
    this.#provisional -= 1;
    try {
      await creating;
    } catch (error) {
      if (this.#instances.get(address) === creating) this.#instances.delete(address);
      throw error;
    }
    if (this.#instances.get(address) === creating) this.#instances.set(address, instance);
    return true;
  }

  /** An instance stopped: the address is free. */
  forget(instance: ActorInstance): void {
    const address = addressOf(instance.ref);
    if (this.#instances.get(address) === instance) this.#instances.delete(address);
  }

  /**
   * Counts a socket that has not said hello and gives it its deadline; returns how to end both, or null when too many wait.
   */
  pendingSocket(late: () => void): (() => void) | null {
    if (this.#pendingSockets >= this.limits.maxPendingSockets) return null;
    this.#pendingSockets += 1;
    let counted = true;
    const timer = this.host.clock.after(this.limits.helloTimeout, late);
    return () => {
      timer.cancel();
      if (counted) this.#pendingSockets -= 1;
      counted = false;
    };
  }

  /**
   * Takes the place of a connection before anything is done for it; gives back how to leave it, once or more often: when the
   * connection stands, and is counted as such, or never will.
   * @throws Refusal `overloaded` past `maxConnections`
   */
  takePlace(): () => void {
    if (this.connections.size + this.#opening >= this.limits.maxConnections) {
      throw new Refusal("overloaded", { reason: "connections.limit" });
    }
    this.#opening += 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.#opening -= 1;
      isTaken = false;
    };
  }

  /** A connection is over. */
  forgetConnection(connection: Connection, cause: ConnectionEnd): void {
    this.connections.delete(connection);
    if (cause !== "closed") this.leaseEnds[cause] += 1;
  }

  liveInstances(): readonly ActorInstance[] {
    const live: ActorInstance[] = [];
    for (const instance of this.#instances.values()) if (!isPromise(instance)) live.push(instance);
    return live;
  }

  /**
   * Revokes credentials. Resolves when the revocation is durable and every live connection under it is closed.
   * @throws ConfigurationError `revoke.empty` for a query that names nothing
   */
  async revoke(query: RevokeQuery): Promise<RevokeReceipt> {
    const now = this.host.clock.now();
    const row = this.#rowOf(query, now);
    if (this.surroundings !== null) return { id: row.id, revokedAt: now, closed: await this.surroundings.revoke(row) };
    await this.host.store.putRevocation(row);
    const closed = this.learn([row], this.#epoch);
    const elsewhere = (await this.#fleet?.revoked(row)) ?? [];
    return { id: row.id, revokedAt: now, closed: [...closed, ...elsewhere] };
  }

  /** Takes revocations and an epoch into force that are durable already; the connections that ended by it. */
  learn(rows: readonly RevocationRow[], epoch: number): readonly ClosedConnection[] {
    this.#epoch = Math.max(this.#epoch, epoch);
    for (const row of rows) this.revocations.add(row);
    const closed: ClosedConnection[] = [];
    if (rows.length === 0) return closed;
    for (const connection of [...this.connections]) {
      if (this.refuseRevoked(connection.lease.credentials) === null) continue;
      connection.lease.revoke();
      connection.endLease("revoked");
      closed.push({ actor: connection.actorName, key: connection.actorKey, connection: connection.id });
    }
    return closed;
  }

  #rowOf(query: RevokeQuery, now: number): RevocationRow {
    const { identity, claim, jti } = query;
    if (identity === undefined && claim === undefined && jti === undefined && query.issuedBefore === undefined) {
      throw new ConfigurationError(
        "revoke.empty",
        "revoke() names nobody. Give at least one of: identity, claim, jti, issuedBefore.",
      );
    }
    const before = query.issuedBefore instanceof Date ? query.issuedBefore.getTime() : query.issuedBefore;
    // `iat` has whole seconds: everything issued within this second counts as before (ruling 19).
    const issuedBefore = jti === undefined ? Math.floor((before ?? now) / 1000) * 1000 + 999 : null;
    return {
      id: newCorrelationId(this.host),
      party: query.party === undefined ? null : this.baseNameOf(query.party),
      identity: identity === undefined ? null : identityText(identity),
      claim: claim ?? null,
      tokenId: jti ?? null,
      issuedBefore,
      revokedAt: now,
      keepUntil: now + this.#longestLife,
    };
  }

  /** Raises the policy epoch: every decision that stands on an older one is taken again before the next delivery. */
  async bumpEpoch(): Promise<number> {
    if (this.surroundings !== null) return this.surroundings.raiseEpoch();
    const next = this.#epoch + 1;
    await this.host.store.putEpoch(next);
    this.learn([], next);
    await this.#fleet?.epochRaised(next);
    return next;
  }

  /** An actor that is going to sleep must be woken at `at`. */
  considerWake(at: number | null): void {
    if (this.surroundings !== null) {
      this.surroundings.wakeAt(at);
      return;
    }
    if (at === null || this.#stopping || at >= this.#wakeAt) return;
    this.#wakeAt = at;
    this.#wakeTimer?.cancel();
    this.#wakeTimer = this.host.clock.after(Math.max(0, at - this.host.clock.now()), () => void this.wakeDue());
  }

  /** The platform's alarm went off: what is due in live actors is done, and sleeping ones are woken. */
  async alarm(): Promise<void> {
    for (const instance of this.liveInstances()) instance.alarm();
    await this.wakeDue();
  }

  /** The id of a new incarnation: random, and unique everywhere. */
  newActorId(ref: ActorRef): string {
    const prefix = this.#fleet?.idPrefixOf?.(ref) ?? this.surroundings?.idPrefix ?? "";
    return `${prefix}${newCorrelationId(this.host)}`;
  }

  /** The clock of leases, whose ends may be far away. */
  get leaseClock(): Clock {
    return this.surroundings?.farClock ?? this.host.clock;
  }

  /** Wakes sleeping actors that have work, at a bounded rate (ruling 28). */
  async wakeDue(): Promise<void> {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#wakeTimer = null;
    try {
      // Page by page: actors that are awake, or not ours, must not hide those behind them.
      let last: DueActor | undefined;
      while (!this.#stopping) {
        const due = await this.host.store.due(this.host.clock.now(), WAKE_BATCH, last);
        const asleep = due.filter(({ actor }) => this.#mayWake(actor));
        await Promise.all(asleep.map(({ actor }) => this.#wake(actor)));
        last = due.at(-1);
        if (last === undefined || due.length < WAKE_BATCH) break;
        if (asleep.length > 0) await new Promise<void>((resolve) => this.host.clock.after(WAKE_PAUSE, resolve));
      }
      this.considerWake(await this.host.store.nextDue(this.host.clock.now()));
    } catch (error) {
      if (this.#stopping) return;
      this.host.log.error({ err: error }, "waking actors failed; trying again");
      this.considerWake(this.host.clock.now() + 1000);
    }
  }

  #mayWake(ref: ActorRef): boolean {
    return this.actors.has(ref.name) && !this.#instances.has(addressOf(ref)) && (this.#fleet?.owns(ref) ?? true);
  }

  async #wake(ref: ActorRef): Promise<void> {
    const compiled = this.actors.get(ref.name);
    if (compiled === undefined) return;
    try {
      await this.locate(compiled, ref, parseKey(ref.key));
    } catch (error) {
      this.host.log.error({ actor: ref.name, key: ref.key, err: error }, "an actor with work could not be woken");
    }
  }

  /** A connection ended while its actor slept: the actor is woken if it wants to know. */
  async #disconnectAsleep(ref: ActorRef, connection: Connection): Promise<void> {
    const compiled = this.actors.get(ref.name);
    if (compiled?.config.onDisconnect === undefined || this.#stopping) return;
    try {
      const instance = await this.locate(compiled, ref, parseKey(ref.key));
      instance?.connections.disconnected(connection);
    } catch (error) {
      this.host.log.error({ actor: ref.name, key: ref.key, err: error }, "onDisconnect of a sleeping actor failed");
    }
  }

  /** The live instance of a connection whose actor may have gone to sleep meanwhile. */
  async awaken(instance: ActorInstance): Promise<ActorInstance> {
    if (!instance.isStopping) return instance;
    await instance.stopped();
    return this.awakenAt(instance.compiled, instance.ref);
  }

  /** The same where nothing of the instance is left in memory. */
  async awakenAt(compiled: CompiledActor, ref: ActorRef): Promise<ActorInstance> {
    const live = await this.locate(compiled, ref, parseKey(ref.key));
    if (live === null) throw new Refusal("not_found", { reason: "actor.destroyed", group: "actor" });
    return live;
  }

  #armPrune(): void {
    this.#pruneTimer = this.host.clock.after(REVOCATION_PRUNE_INTERVAL, () => {
      this.revocations.prune(this.host.clock.now());
      this.#armPrune();
    });
  }

  /** Stops every actor cleanly: runs settle, hooks run, state is saved, connections close. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.outgoing.close(new Refusal("unavailable", { reason: "registry.stopping" }));
    this.#wakeTimer?.cancel();
    this.#pruneTimer?.cancel();
    const all = await Promise.allSettled([...this.#instances.values()]);
    await Promise.allSettled(
      all.flatMap((result) => (result.status === "fulfilled" ? [result.value.stop("shutdown")] : [])),
    );
  }
}

export function addressOf(ref: ActorRef): string {
  return `${ref.name}/${ref.key}`;
}

/** ms from now to the last instant at which a token of the party that was issued by now is accepted; 0 where none is. */
function longestLife({ scheme }: AnyParty, skew: number): number {
  const { expects } = scheme as Partial<Pick<BearerScheme, "expects">>;
  return expects === undefined ? 0 : expects.maxLifetime * 1000 + 2 * skew;
}

function assertDistinctNames(parties: readonly AnyParty[]): void {
  const seen = new Map<string, AnyParty>();
  for (const party of parties) {
    const other = seen.get(party.name);
    if (other !== undefined && other !== party) {
      throw new ConfigurationError(
        "party.name_taken",
        `Two different parties are called "${party.name}". Party names must be distinct in a registry.`,
      );
    }
    seen.set(party.name, party);
  }
}
