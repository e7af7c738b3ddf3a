/**
 * Owns one actor in memory: its state, its parts (queue, schedule, kv, outbox) and its life from creation or load to
 * sleep or destroy. Connections live in `connections.ts`, running an admitted handler in `invocation.ts`.
 *
 * Order of a life: createState → createVars → [gate] → onCreate → onWake → run; loaded: migrate → createVars → onWake →
 * run; stop: abort → run settles → onSleep or onDestroy → connections close → waitUntil → last commit.
 */
import { recordOf, type SealedCaller } from "../boundary/caller.ts";
import { EXPIRED, withDeadline } from "../boundary/deadline.ts";
import { ConfigurationError, Refusal } from "../boundary/errors.ts";
import { isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import { Scheduler } from "../boundary/party.ts";
import type { CallerRecord, InternalCaller } from "../boundary/scheme.ts";
import type { ActorMeta, ActorRef, Clock, Logger, Snapshot, Timer } from "../hosts/port.ts";
import type { Connection } from "./connection.ts";
import { ConnectionTable } from "./connections.ts";
import { ActorScope, endingQueue } from "./context.ts";
import { type ContextLog, contextLog } from "./context-log.ts";
import { Deliveries } from "./deliveries.ts";
import type { CompiledActor } from "./entrypoints.ts";
import { createInternalClient } from "./internal-client.ts";
import { Invocations } from "./invocation.ts";
import { ActorKv } from "./kv.ts";
import { Outbox, type SaveOptions } from "./outbox.ts";
import { OutgoingLinks } from "./outgoing.ts";
import { ActorQueues } from "./queue.ts";
import type { Runtime } from "./runtime.ts";
import { ActorSchedule } from "./schedule.ts";
import type { ServiceLink } from "./service-link.ts";
import { checkShape, migrateState, type StagedState, StateCell } from "./state.ts";
import type { Conn } from "./types.ts";

export type Phase = "provisional" | "starting" | "live" | "stopping" | "stopped" | "destroyed";
export type StopCause = "sleep" | "destroy" | "shutdown" | "reset";

/** First and longest pause before `run` is started again after it threw, ms. */
const RUN_RESTART_FIRST = 250;
const RUN_RESTART_MAX = 30_000;
/** From here on the platform's alarm is precise enough, where there is one, ms. */
const FAR_AWAY = 5000;

export class ActorInstance {
  readonly runtime: Runtime;
  readonly compiled: CompiledActor;
  readonly ref: ActorRef;
  readonly key: readonly string[];
  readonly id: string;
  readonly log: Logger;
  readonly outbox: Outbox;
  readonly queues: ActorQueues;
  readonly schedule: ActorSchedule;
  readonly kv: ActorKv;
  readonly deliveries: Deliveries;
  readonly connections: ConnectionTable;
  readonly invocations: Invocations;
  readonly scope: ActorScope;
  readonly #stop = new AbortController();
  /** Frames from other actors are activity: who is listening is not idle. */
  readonly #outgoing = new OutgoingLinks(() => this.touch());
  #contextLog: ContextLog | null = null;
  #phase: Phase = "provisional";
  #meta: ActorMeta;
  #cell: StateCell | null = null;
  #vars: unknown;
  #hasVars = false;
  #input: unknown;
  #active = 0;
  #lastActive: number;
  #idleTimer: Timer | null = null;
  #alarm: Timer | null = null;
  #alarmAt = Number.POSITIVE_INFINITY;
  #run: Promise<void> | null = null;
  #waits = new Set<Promise<unknown>>();
  #stopped: Promise<void> | null = null;
  /** A stop that was asked for before the start was over; a destroy is the last word. */
  #stopWanted: "sleep" | "destroy" | "shutdown" | null = null;
  /** Its destruction was asked for. */
  #isDoomed = false;
  /** From here on connections are gone, and none joins any more. */
  #isLeaving = false;

  private constructor(
    runtime: Runtime,
    compiled: CompiledActor,
    ref: ActorRef,
    key: readonly string[],
    meta: ActorMeta,
    snapshot: Snapshot | null,
  ) {
    this.runtime = runtime;
    this.compiled = compiled;
    this.ref = ref;
    this.key = key;
    this.id = meta.id;
    this.#meta = meta;
    this.#lastActive = runtime.host.clock.now();
    this.log = runtime.host.log.child({ actor: ref.name, key: ref.key });
    this.outbox = new Outbox({
      actor: ref,
      store: runtime.host.store,
      durability: compiled.options.durability,
      clock: runtime.host.clock,
      saveInterval: compiled.options.stateSaveInterval,
      encodeState: () => this.#cell?.encode() ?? null,
      wakeAt: () => this.#wakeAt(),
      commitFailed: (error) => this.#commitFailed(error),
    });
    // What a handler stages is handed over when it ends, so that one commit carries all of it.
    const settle = (): void => {
      if (!this.invocations.isRunning) this.outbox.settle();
    };
    this.queues = new ActorQueues({
      ref,
      clock: runtime.host.clock,
      store: runtime.host.store,
      outbox: this.outbox,
      log: this.log,
      limits: compiled.options,
      declared: compiled.queues,
      nextId: () => this.#takeQueueId(),
      isStopping: () => this.isStopping,
      stopSignal: this.#stop.signal,
      isRevoked: (record) => runtime.isRecordRevoked(record),
      onChange: () => this.#rearm(),
      onActivity: () => this.touch(),
      settle,
      counts: snapshot?.queues ?? {},
    });
    this.schedule = new ActorSchedule({
      clock: runtime.host.clock,
      outbox: this.outbox,
      log: this.log,
      random: (bytes) => runtime.host.random(bytes),
      onChange: () => this.#rearm(),
      rows: snapshot?.schedules ?? [],
      isStopping: () => this.isStopping,
      settle,
    });
    this.kv = new ActorKv({ ref, store: runtime.host.store, outbox: this.outbox, settle });
    this.deliveries = new Deliveries({ ref, store: runtime.host.store, clock: this.clock, outbox: this.outbox });
    this.connections = new ConnectionTable(this);
    this.invocations = new Invocations(this);
    this.scope = new ActorScope(this);
  }

  /**
   * An instance of a missing actor, in its initial state, to judge a caller by. Nothing of it is written. `creator` is
   * null where the caller only looks the actor up.
   */
  static async provisional(
    runtime: Runtime,
    compiled: CompiledActor,
    ref: ActorRef,
    key: readonly string[],
    input: unknown,
    creator: SealedCaller | null,
  ): Promise<ActorInstance> {
    const now = runtime.host.clock.now();
    const { config } = compiled;
    if (config.canCreate !== undefined && creator !== null)
      await assertMayCreate(runtime, compiled, creator, key, input);
    const meta: ActorMeta = {
      id: runtime.newActorId(ref),
      createdAt: now,
      version: config.migrate?.version ?? 1,
      nextQueueId: 1,
      running: config.run !== undefined,
    };
    const instance = new ActorInstance(runtime, compiled, ref, key, meta, null);
    // What hooks and decisions stage by then is part of the first commit, or of none.
    instance.outbox.hold();
    instance.#input = input;
    if (config.createState !== undefined) {
      instance.#plantState(
        await checkShape(await instance.inScope((scope) => config.createState!(scope, input)), config.schema),
      );
    } else if (config.state !== undefined) {
      instance.#plantState(await checkShape(structuredClone(config.state), config.schema));
    }
    await instance.#createVars();
    return instance;
  }

  /** An actor from its stored rows, started. */
  static async restore(
    runtime: Runtime,
    compiled: CompiledActor,
    ref: ActorRef,
    key: readonly string[],
    snapshot: Snapshot,
  ): Promise<ActorInstance> {
    const instance = new ActorInstance(runtime, compiled, ref, key, snapshot.meta, snapshot);
    instance.#phase = "starting";
    try {
      await instance.#restoreState(snapshot);
      await instance.#createVars();
      instance.connections.adopt(runtime.hibernation.take(ref));
      await instance.inScope((scope) => compiled.config.onWake?.(scope));
      if (instance.outbox.isClosed) throw new Refusal("unavailable", { reason: "actor.start_not_saved" });
    } catch (error) {
      instance.connections.giveBack();
      instance.discard();
      throw error;
    }
    instance.#started();
    instance.connections.resume();
    return instance;
  }

  /** The log as handlers have it. */
  get contextLog(): ContextLog {
    this.#contextLog ??= contextLog(this.log);
    return this.#contextLog;
  }
  get phase(): Phase {
    return this.#phase;
  }
  get isProvisional(): boolean {
    return this.#phase === "provisional";
  }
  /** True from the moment connections are closed, or stay behind, because the actor stops. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }
  /** True while its stop waits for what it gave to `waitUntil`. */
  get isAwaitingWork(): boolean {
    return this.#isLeaving && this.#waits.size > 0;
  }
  get isStopping(): boolean {
    return this.#phase === "stopping" || this.#phase === "stopped" || this.#phase === "destroyed";
  }
  get clock(): Clock {
    return this.runtime.host.clock;
  }
  get stopSignal(): AbortSignal {
    return this.#stop.signal;
  }
  get meta(): ActorMeta {
    return this.#meta;
  }

  /** Creates the actor a caller was admitted to: all of it is durable, or nothing of it exists. */
  async create(): Promise<void> {
    this.#phase = "starting";
    this.outbox.beginCreate(this.#meta);
    this.outbox.hold();
    try {
      const { onCreate, onWake } = this.compiled.config;
      await this.inScope((scope) => onCreate?.(scope, this.#input));
      await this.inScope((scope) => onWake?.(scope));
      this.outbox.letGo();
      await this.outbox.durable();
    } catch (error) {
      this.outbox.dropStaged();
      this.discard();
      throw error;
    }
    this.#started();
  }

  /** An instance that is not to be: what its hooks still do is written nowhere. */
  discard(): void {
    this.#phase = "stopped";
    this.outbox.close();
    this.#stop.abort(new Error("the actor did not start"));
    this.#alarm?.cancel();
  }

  stateView(): unknown {
    if (this.#cell === null) {
      throw new Error(
        `Actor "${this.compiled.name}" has no state here. Declare \`state\` or \`createState\`. [actor/state_not_enabled]`,
      );
    }
    return this.#cell.value;
  }

  /** Opens a stage for changes that may have to be dropped. */
  draftState(): StagedState<unknown> {
    if (this.#cell === null) this.stateView();
    return this.#cell!.stage();
  }

  varsView(): unknown {
    if (!this.#hasVars) {
      throw new Error(
        `Actor "${this.compiled.name}" has no vars here. Declare \`vars\` or \`createVars\`. [actor/vars_not_enabled]`,
      );
    }
    return this.#vars;
  }

  /** Resolves when what was changed so far is saved; in a creation hook at once, since all of it becomes so together. */
  saveState(options: SaveOptions): Promise<void> {
    return this.outbox.isHeld ? Promise.resolve() : this.outbox.save(options);
  }

  connectionView(): ReadonlyMap<string, Conn> {
    return this.connections.view;
  }

  broadcast(name: string, args: readonly unknown[]): void {
    this.connections.broadcast(name, args);
  }

  internalClient(onBehalfOf: CallerRecord | null): unknown {
    return createInternalClient(this.runtime, this.asCaller(onBehalfOf), this.#outgoing);
  }

  /** This actor as others see it when it calls them. */
  asCaller(onBehalfOf: CallerRecord | null): InternalCaller {
    return { name: this.ref.name, key: this.key, ...(onBehalfOf === null ? {} : { onBehalfOf }) };
  }

  /** The services of the registry. @throws ConfigurationError `service.unknown_ref` where it has none */
  services(): ServiceLink {
    const { services } = this.runtime;
    if (services !== null) return services;
    throw new ConfigurationError(
      "service.unknown_ref",
      "This registry has no services. Put them into setup({ services }).",
    );
  }

  /** Whom an action's own calls act for: the external caller, or the one its caller already acted for. */
  recordOfOriginal(caller: SealedCaller): CallerRecord | null {
    if (caller.onBehalfOf !== null) return caller.onBehalfOf;
    return caller.source === null && caller.identity !== undefined ? recordOf(caller) : null;
  }

  /** Ties a call's abort signal to the actor's stop and the connection's end. Returns how to untie it. */
  linkAbort(controller: AbortController, connection: Connection): () => void {
    const { signal } = this.#stop;
    // Of a stateless call nobody else watches the end: it costs a timer only where somebody listens.
    if (connection.kind === "stateless") connection.armExpiry(this.runtime.leaseClock);
    const stopped = (): void => controller.abort(signal.reason);
    if (signal.aborted) stopped();
    else signal.addEventListener("abort", stopped, { once: true });
    const forget = connection.onEnd((cause) => {
      signal.removeEventListener("abort", stopped);
      controller.abort(new Error(`the connection ended: ${cause}`));
    });
    return () => {
      signal.removeEventListener("abort", stopped);
      forget();
    };
  }

  /** Runs a hook on a context of its own, so that what one hook received from a queue is not ended by another's end. */
  inScope<T>(hook: (scope: ActorScope) => MaybePromise<T>): MaybePromise<T> {
    const scope = new ActorScope(this);
    return endingQueue(scope, () => hook(scope));
  }

  /** Something is under way: the actor stays awake until the matching `unpin`. */
  pin(): void {
    this.#active += 1;
  }
  unpin(): void {
    this.#active -= 1;
    this.touch();
  }
  touch(): void {
    // While something is under way its end will say so.
    if (this.#active === 0) this.#lastActive = this.clock.now();
  }

  waitUntil(promise: Promise<unknown>): void {
    const work = Promise.resolve(promise);
    this.pin();
    this.#waits.add(work);
    work
      .catch((error: unknown) => this.log.warn({ err: error }, "a waitUntil promise was rejected"))
      .finally(() => {
        this.#waits.delete(work);
        this.unpin();
      });
  }

  keepAwake<T>(promise: Promise<T>): Promise<T> {
    const work = Promise.resolve(promise);
    this.pin();
    const done = (): void => this.unpin();
    work.then(done, done);
    return work;
  }

  requestSleep(): void {
    this.clock.after(0, () => void this.stop("sleep"));
  }
  requestDestroy(): void {
    // At once: a stop for another reason may come first.
    this.#isDoomed = true;
    this.clock.after(0, () => void this.stop("destroy"));
  }

  /** Stops the actor, once it has started. Later calls join the first; one for another reason destroys what is to be destroyed. */
  stop(cause: StopCause): Promise<void> {
    if (cause !== "reset" && (this.#phase === "provisional" || this.#phase === "starting")) {
      if (this.#stopWanted !== "destroy") this.#stopWanted = cause;
      return Promise.resolve();
    }
    this.#stopped ??= this.#stopNow(cause);
    return this.#stopped;
  }

  /** Resolves when a stop under way is over. */
  stopped(): Promise<void> {
    return this.#stopped ?? Promise.resolve();
  }

  async #stopNow(first: StopCause): Promise<void> {
    let cause = first;
    if (this.#phase === "stopped" || this.#phase === "destroyed") return;
    this.#phase = "stopping";
    const { options, config } = this.compiled;
    this.#idleTimer?.cancel();
    this.#alarm?.cancel();
    this.#stop.abort(new Refusal("unavailable", { reason: "actor.stopping", group: "actor", code: "aborted" }));
    if (this.#run !== null) await this.#within(this.#run, options.runStopTimeout, "run did not settle in time");
    if (cause === "destroy") await this.#hook(config.onDestroy, options.onDestroyTimeout, "onDestroy");
    else if (cause !== "reset") await this.#hook(config.onSleep, options.onSleepTimeout, "onSleep");
    if (cause !== "reset" && cause !== "destroy" && this.#isDoomed) {
      cause = "destroy";
      await this.#hook(config.onDestroy, options.onDestroyTimeout, "onDestroy");
    }
    this.#isLeaving = true;
    if (cause === "sleep") this.connections.hibernate();
    this.connections.closeAll(cause);
    this.#outgoing.close(this.#stop.signal.reason);
    if (this.#waits.size > 0) {
      await this.#within(
        Promise.allSettled([...this.#waits]),
        options.waitUntilTimeout,
        "waitUntil did not settle in time",
      );
    }
    if (cause !== "reset" && this.#isDoomed) cause = "destroy";
    await this.#lastCommit(cause);
    this.outbox.close();
    this.#phase = cause === "destroy" ? "destroyed" : "stopped";
    this.runtime.forget(this);
    if (cause !== "destroy") this.runtime.considerWake(this.#wakeAt());
  }

  async #lastCommit(cause: StopCause): Promise<void> {
    // What it goes back from is on no disk and is not to be.
    if (cause === "reset") return;
    try {
      if (cause === "destroy") {
        await this.outbox.destroy();
        return;
      }
      if (this.compiled.config.run !== undefined && this.#meta.running && cause === "sleep") {
        this.#stageMeta({ running: false });
      }
      await this.outbox.save({ immediate: true });
      // Marks of deliveries and of idempotency ids whose time is over; nothing else forgets them.
      if (this.deliveries.isUsed || this.compiled.queues !== null) {
        await this.runtime.host.store.replayPrune(this.ref, this.clock.now());
      }
    } catch (error) {
      this.log.error({ err: error, cause }, "the last commit of a stopping actor failed");
    }
  }

  async #hook(hook: ((c: unknown) => unknown) | undefined, timeout: number, name: string): Promise<void> {
    if (hook === undefined) return;
    try {
      await this.#within(Promise.resolve(this.inScope(hook)), timeout, `${name} did not finish in time`);
    } catch (error) {
      this.log.error({ err: error }, `${name} failed`);
    }
  }

  async #within(promise: Promise<unknown>, timeout: number, late: string): Promise<void> {
    if ((await withDeadline(promise, timeout, this.clock)) === EXPIRED) this.log.warn({ timeout }, late);
  }

  #plantState(state: unknown): void {
    this.#cell = new StateCell(state, this.#cellOptions());
  }

  #cellOptions(): ConstructorParameters<typeof StateCell>[1] {
    const { config, options } = this.compiled;
    return {
      maxSize: options.maxStateSize,
      onDirty: () => {
        if (this.isProvisional) return;
        this.outbox.staged.stateDirty = true;
        if (!this.invocations.isRunning) this.outbox.settle();
      },
      onChange:
        config.onStateChange === undefined
          ? undefined
          : (state) => {
              if (this.#phase !== "live") return;
              try {
                config.onStateChange?.(this.scope, state);
              } catch (error) {
                this.log.error({ err: error }, "onStateChange failed");
              }
            },
    };
  }

  async #restoreState(snapshot: Snapshot): Promise<void> {
    const { config } = this.compiled;
    if (snapshot.state === null) {
      if (config.state !== undefined) this.#plantState(structuredClone(config.state));
      return;
    }
    const read = await migrateState(snapshot.state, snapshot.meta.version, config);
    this.#plantState(read.state);
    if (read.migrated) {
      this.#stageMeta({ version: read.version });
      this.outbox.staged.stateDirty = true;
    }
  }

  async #createVars(): Promise<void> {
    const { config, options } = this.compiled;
    if (config.createVars !== undefined) {
      const vars = this.inScope((scope) => config.createVars!(scope, undefined));
      const settled = isPromise(vars) ? await withDeadline(vars, options.createVarsTimeout, this.clock) : vars;
      if (settled === EXPIRED) throw new Refusal("fault", { reason: "createVars.deadline" });
      this.#vars = settled;
      this.#hasVars = true;
    } else if (config.vars !== undefined) {
      this.#vars = structuredClone(config.vars);
      this.#hasVars = true;
    }
  }

  #started(): void {
    this.#phase = "live";
    this.touch();
    this.#armIdle();
    this.#rearm();
    this.#launchRun();
    const wanted = this.#stopWanted;
    if (wanted !== null) this.clock.after(0, () => void this.stop(wanted));
  }

  #launchRun(): void {
    const { run } = this.compiled.config;
    if (run === undefined) return;
    const body = typeof run === "function" ? run : run.run;
    if (!this.#meta.running) this.#stageMeta({ running: true });
    this.outbox.settle();
    this.#run = this.#runLoop(body);
  }

  async #runLoop(body: (c: unknown) => unknown): Promise<void> {
    for (let pause = RUN_RESTART_FIRST; !this.isStopping; pause = Math.min(pause * 2, RUN_RESTART_MAX)) {
      const scope = new ActorScope(this);
      try {
        await body(scope);
        scope.endQueue("handled");
        if (!this.isStopping) this.#stageMeta({ running: false });
        this.outbox.settle();
        return;
      } catch (error) {
        scope.endQueue("failed");
        if (this.isStopping) return;
        this.log.error({ err: error, pause }, "run failed; starting it again");
        this.outbox.settle();
        await new Promise<void>((resolve) => {
          const { signal } = this.#stop;
          const stopped = (): void => {
            timer.cancel();
            resolve();
          };
          const timer = this.clock.after(pause, () => {
            // It may fail for as long as the actor lives.
            signal.removeEventListener("abort", stopped);
            resolve();
          });
          signal.addEventListener("abort", stopped, { once: true });
        });
      }
    }
  }

  #stageMeta(change: Partial<ActorMeta>): void {
    this.#meta = { ...this.#meta, ...change };
    this.outbox.staged.meta = this.#meta;
  }

  #takeQueueId(): number {
    const id = this.#meta.nextQueueId;
    this.#stageMeta({ nextQueueId: id + 1 });
    return id;
  }

  #earliest(): number | null {
    const schedule = this.schedule.earliest();
    const queue = this.queues.earliest();
    if (schedule === null) return queue;
    return queue === null ? schedule : Math.min(schedule, queue);
  }

  /** When a sleeping actor must be woken: as above, and at once for messages that `run` would handle. */
  #wakeAt(): number | null {
    const schedule = this.schedule.wakeAt();
    const queue = this.compiled.config.run === undefined ? null : this.queues.wakeAt();
    if (schedule === null) return queue;
    return queue === null ? schedule : Math.min(schedule, queue);
  }

  /** Sets the one alarm of a live actor to its earliest work. */
  #rearm(): void {
    if (this.#phase !== "live") return;
    const at = this.#earliest();
    if (at === null) {
      this.#alarm?.cancel();
      this.#alarm = null;
      this.#alarmAt = Number.POSITIVE_INFINITY;
      return;
    }
    if (this.#alarm !== null && this.#alarmAt <= at) return;
    this.#alarm?.cancel();
    this.#alarm = null;
    if (this.#isKeptByPlatform(at)) return;
    this.#alarmAt = at;
    this.#alarm = this.clock.after(Math.max(0, at - this.clock.now()), () => this.#alarmFired());
  }

  /** A timer of hours would hold a process that may leave memory: what is committed, the platform wakes for. */
  #isKeptByPlatform(at: number): boolean {
    if (this.runtime.surroundings === null || at - this.clock.now() < FAR_AWAY) return false;
    const kept = this.#wakeAt();
    return kept !== null && kept <= at;
  }

  /** The platform's alarm went off: what is due is done. */
  alarm(): void {
    if (this.#phase !== "live") return;
    this.#alarm?.cancel();
    this.#alarmFired();
  }

  #alarmFired(): void {
    this.#alarm = null;
    this.#alarmAt = Number.POSITIVE_INFINITY;
    if (this.#phase !== "live") return;
    this.queues.deliverDue();
    this.pin();
    this.schedule
      .fireDue((row, finished) => this.invocations.runScheduled(row, Scheduler, finished))
      .catch((error: unknown) => this.log.error({ err: error }, "a schedule could not be fired"))
      .finally(() => {
        this.unpin();
        this.outbox.settle();
        this.#rearm();
      });
  }

  #armIdle(): void {
    const { noSleep, sleepTimeout } = this.compiled.options;
    if (noSleep || this.#phase !== "live") return;
    const idleFor = this.clock.now() - this.#lastActive;
    const wait = this.#maySleep() ? Math.max(1, sleepTimeout - idleFor) : sleepTimeout;
    this.#idleTimer = this.clock.after(wait, () => {
      if (this.#phase !== "live") return;
      if (this.#maySleep() && this.clock.now() - this.#lastActive >= sleepTimeout) void this.stop("sleep");
      else this.#armIdle();
    });
  }

  #maySleep(): boolean {
    const runIdle = this.#run === null || !this.#meta.running || this.queues.isWaiting;
    return this.#active === 0 && this.connections.wakeful === 0 && runIdle && this.outbox.idle;
  }

  /** A commit failed: what is in memory is not what is on disk. Goes back to disk with the next use. */
  #commitFailed(error: unknown): void {
    this.log.error({ err: error }, "a commit failed; the actor goes back to its last durable state");
    this.#phase = this.#phase === "live" ? "stopping" : this.#phase;
    // From here on another instance may be loaded: this one must not write over it while it stops.
    this.outbox.close();
    this.runtime.forget(this);
    void this.stop("reset");
  }
}

async function assertMayCreate(
  runtime: Runtime,
  compiled: CompiledActor,
  caller: SealedCaller,
  key: readonly string[],
  input: unknown,
): Promise<void> {
  const { canCreate } = compiled.config;
  let verdict: unknown;
  try {
    const answer = canCreate?.({ caller, key, input }) as MaybePromise<unknown>;
    verdict = isPromise(answer)
      ? await withDeadline(answer, compiled.options.canInvokeTimeout, runtime.host.clock)
      : answer;
  } catch (error) {
    throw new Refusal("fault", { reason: "can_create.threw", cause: error });
  }
  if (verdict === true) return;
  if (verdict === false) throw new Refusal("forbidden", { reason: "can_create.false" });
  if (verdict === EXPIRED) throw new Refusal("fault", { reason: "can_create.deadline" });
  throw new Refusal("fault", {
    reason: "can_create.not_boolean",
    cause: new TypeError("canCreate must return true or false."),
  });
}
