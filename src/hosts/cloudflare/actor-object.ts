/**
 * Owns one Durable Object: the runtime of its one actor, its sockets, its alarm, and what other objects ask of it. It may leave
 * memory whenever it is idle; what it needs to go on is in its tables, in the attachments of its sockets and in its alarm.
 *
 * Invariants: nothing runs before the parties are prepared; a runtime that cannot start serves nobody (G1); whatever fails in
 * an alarm is tried again.
 */
import { newCorrelationId } from "../../actors/failure.ts";
import { failureResponse } from "../../actors/inbound.ts";
import type { Surroundings } from "../../actors/surroundings.ts";
import type { MaybePromise } from "../../boundary/maybe-promise.ts";
import { parseActorPath } from "../../protocol/paths.ts";
import { inboundOf, toResponse } from "../../registry/fetch.ts";
import type { Mounted, Registry } from "../../registry/registry.ts";
import type { FarCalls } from "../../services/floor.ts";
import type { ActorRef, Host, InboundRequest } from "../port.ts";
import { ObjectAlarm } from "./alarm.ts";
import { ENVELOPE_HEADER, TICKET_PATH } from "./callee.ts";
import { FarClock, platformClock } from "./clock.ts";
import { KeptDeliveries } from "./deliveries.ts";
import { type Closing, type Confirmation, Directory, type Knowledge } from "./directory.ts";
import { type DirectoryView, Learner } from "./directory-view.ts";
import { sealed } from "./envelope.ts";
import { fleetOf, keeperOf } from "./fleet.ts";
import { cloudflareHost } from "./host.ts";
import { consoleLog } from "./log.ts";
import { answerCall, answerRelay, switching, Tickets } from "./object-calls.ts";
import { ObjectSockets } from "./object-sockets.ts";
import type { ObjectState, PlatformSocket, WorkerEnv } from "./platform.ts";
import { Sql } from "./sql.ts";
import { ObjectStore } from "./store.ts";
import { callObject, DIRECTORY, idPrefixOf, readArgs, Stubs } from "./stubs.ts";

/** How long an enrolment counts although no connection stands yet, ms: one may be opening. */
const OPENING = 10_000;

export class ActorObject {
  readonly #registry: Registry;
  readonly #state: ObjectState;
  readonly #view: DirectoryView;
  readonly #far: FarCalls | null;
  readonly #learner: Learner;
  readonly #host: Host;
  readonly #sql: Sql;
  readonly #store: ObjectStore;
  readonly #alarm: ObjectAlarm;
  readonly #farClock: FarClock;
  readonly #sockets: ObjectSockets;
  readonly #tickets = new Tickets();
  readonly #deliveries: KeptDeliveries;
  readonly #stubs: () => Stubs;
  #mounted: Mounted | null = null;
  #mounting: Promise<Mounted> | null = null;
  #directory: Directory | null = null;
  #enrolledAt: number | null = null;
  /** Enrolments the directory may have noted, and of which no answer came yet. */
  #enrolling = 0;
  /** Of the present enrolment: one that is over takes no later one back. */
  #stamp = "";
  /** Connections that were found revoked when the object came back, for the revocation that asks. */
  #endedAsleep: readonly Closing[] = [];

  constructor(registry: Registry, view: DirectoryView, far: FarCalls | null, state: ObjectState, env: WorkerEnv) {
    const { limits } = registry.config;
    this.#registry = registry;
    this.#state = state;
    this.#view = view;
    this.#far = far;
    this.#learner = new Learner(view);
    this.#sql = new Sql(state.storage);
    this.#store = new ObjectStore(this.#sql, {
      onWake: (at, running) => this.#alarm.committed(at, running),
      onRollback: () => this.#alarm.forget(),
    });
    this.#host = cloudflareHost({ store: this.#store, env, log: consoleLog({ object: state.id.name }) });
    this.#deliveries = new KeptDeliveries(this.#host);
    this.#farClock = new FarClock(platformClock, (at) => this.#alarm.arm(at));
    this.#alarm = new ObjectAlarm({
      storage: state.storage,
      clock: platformClock,
      log: this.#host.log,
      far: () => this.#farClock,
      wake: () => this.#store.wake(),
      isLive: () => (this.#mounted?.edge.runtime.liveInstances().length ?? 0) > 0,
      work: () => this.#work(),
    });
    const maxPayload = Math.max(limits.maxIncomingMessageSize, limits.maxOutgoingMessageSize);
    this.#sockets = new ObjectSockets(state, this.#sql, { maxPayload, rested: () => this.#release() });
    let stubs: Stubs | null = null;
    this.#stubs = () => {
      stubs ??= new Stubs(env);
      return stubs;
    };
  }

  /** Answers a request that the front sent on: external, whatever it says. */
  async fetch(request: Request): Promise<Response> {
    const { publicUrl, basePath } = this.#registry.config;
    const inbound = inboundOf(request, { publicUrl }, request.headers.get("cf-connecting-ip") ?? "");
    try {
      const { edge } = await this.#ready();
      this.#sockets.touch();
      if (inbound.path.startsWith(TICKET_PATH)) {
        return this.#tickets.collect(edge.runtime, this.#sockets, inbound.path.slice(TICKET_PATH.length));
      }
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return toResponse(await edge.handle(inbound));
      const upgrade = await edge.upgrade(inbound);
      const { client, socket } = this.#sockets.accept(isConnect(inbound, basePath) ? "lasting" : "holding");
      upgrade.serve(socket);
      return switching(client, upgrade.protocol);
    } catch (error) {
      return toResponse(failureResponse({ host: this.#host }, error, "object"));
    }
  }

  message(socket: PlatformSocket, data: string | ArrayBuffer): MaybePromise<void> {
    if (this.#mounted === null) return this.#readyFor(socket).then(() => this.#sockets.message(socket, data));
    this.#sockets.message(socket, data);
  }

  async closed(socket: PlatformSocket, code: number, reason: string): Promise<void> {
    if (this.#mounted === null) await this.#readyFor(socket);
    await this.#sockets.ended(socket, code, reason);
  }

  /** Never rejects: the platform gives up an alarm that failed too often. */
  alarm(): Promise<void> {
    return this.#alarm.fire();
  }

  /** What another object of the Worker asks. An envelope; never rejects. */
  call(operation: string, text: string): Promise<string> {
    return sealed(this.#host, async () => {
      const args = readArgs(text);
      switch (operation) {
        case "since":
        case "enroll":
        case "release":
        case "revoke":
        case "raiseEpoch":
          return this.#askDirectory(operation, args);
        case "connect":
          return this.#tickets.issue(this.#host, args);
        case "tell":
          return this.#told(args[0] as Knowledge);
        case "delivery":
          return this.#deliveries.answer(args);
        default:
          return answerCall(await this.#ready(), operation, args);
      }
    });
  }

  async relay(operation: string, text: string, request: Request | null): Promise<Response> {
    let response: Response | null = null;
    const envelope = await sealed(this.#host, async () => {
      response = await answerRelay(await this.#ready(), operation, readArgs(text), request);
    });
    return response ?? new Response(envelope, { headers: { [ENVELOPE_HEADER]: "1" } });
  }

  /** The runtime, started if it is not. Where it cannot start, the next event tries again. */
  #ready(): MaybePromise<Mounted> {
    if (this.#mounted !== null) return this.#mounted;
    this.#mounting ??= this.#mount().finally(() => {
      this.#mounting = null;
    });
    return this.#mounting;
  }

  /** A socket whose runtime cannot start hears so and is closed: it must not wait for nothing. */
  async #readyFor(socket: PlatformSocket): Promise<void> {
    try {
      await this.#ready();
    } catch (error) {
      this.#host.log.error({ err: error }, "the runtime of an object could not start");
      socket.close(1013, "byward/unavailable");
      throw error;
    }
  }

  async #mount(): Promise<Mounted> {
    const mounted = await this.#registry.mount(this.#host, {
      fleet: fleetOf({
        stubs: this.#stubs,
        owns: (ref) => this.#owns(ref),
        runtime: () => mounted.edge.runtime,
      }),
      surroundings: this.#surroundings(),
      far: this.#far,
    });
    // Who was connected while the object was out of memory is judged by what is true now.
    if (this.#sockets.left) await this.#view.update(this.#stubs(), () => this.#host.clock.now());
    this.#learner.apply(mounted.edge.runtime);
    this.#endedAsleep = await this.#sockets.takeUp(mounted.edge.runtime);
    this.#mounted = mounted;
    return mounted;
  }

  #surroundings(): Surroundings {
    return {
      refresh: () => this.#refresh(),
      enroll: () => (this.#enrolledAt === null ? this.#enroll() : undefined),
      revoke: (row) => this.#tellDirectory("revoke", row) as ReturnType<Surroundings["revoke"]>,
      raiseEpoch: () => this.#tellDirectory("raiseEpoch") as Promise<number>,
      farClock: this.#farClock,
      wakeAt: (at) => {
        if (at !== null) this.#alarm.arm(at);
      },
      keeperOf: (name) => keeperOf(this.#stubs(), name, (ref) => this.#owns(ref)),
      idPrefix: idPrefixOf(this.#state.id.toString()),
    };
  }

  /** Is this the object of that actor? Named by the platform; where the name is too long for that, by the tables. */
  #owns({ name, key }: ActorRef): boolean {
    const own = this.#state.id.name;
    if (own !== undefined) return own === `${name}/${key}`;
    const resident = this.#store.resident();
    return resident === null || (resident.name === name && resident.key === key);
  }

  #refresh(): MaybePromise<void> {
    const { clock } = this.#host;
    const runtime = this.#mounted?.edge.runtime;
    // Whoever is enrolled is told.
    if (runtime !== undefined && (this.#enrolledAt !== null || this.#view.isFresh(clock.now()))) {
      this.#learner.apply(runtime);
      return;
    }
    return this.#view
      .update(this.#stubs(), () => clock.now())
      .then(() => {
        const started = this.#mounted?.edge.runtime;
        if (started !== undefined) this.#learner.apply(started);
      });
  }

  async #enroll(): Promise<void> {
    const { clock } = this.#host;
    const askedAt = clock.now();
    const stamp = newCorrelationId(this.#host);
    const args = [this.#state.id.toString(), this.#view.version, stamp];
    const directory = this.#stubs().ofName(DIRECTORY);
    this.#enrolling += 1;
    try {
      this.#view.learn((await callObject(directory, "enroll", ...args)) as Knowledge, askedAt);
      this.#enrolledAt = clock.now();
      this.#stamp = stamp;
    } finally {
      this.#enrolling -= 1;
    }
    if (this.#mounted !== null) this.#learner.apply(this.#mounted.edge.runtime);
  }

  /** Who holds no connection any more need not be told of anything. */
  #release(): void {
    const { clock, log } = this.#host;
    if (this.#enrolledAt === null || this.#mounted === null || this.#enrolling > 0) return;
    if (this.#mounted.edge.runtime.connections.size > 0) return;
    const left = this.#enrolledAt + OPENING - clock.now();
    if (left > 0) {
      clock.after(left, () => this.#release());
      return;
    }
    this.#enrolledAt = null;
    callObject(this.#stubs().ofName(DIRECTORY), "release", this.#state.id.toString(), this.#stamp).catch(
      (error: unknown) => log.warn({ err: error }, "the directory goes on telling this object"),
    );
  }

  async #tellDirectory(operation: string, ...args: readonly unknown[]): Promise<unknown> {
    const answer = await callObject(this.#stubs().ofName(DIRECTORY), operation, ...args);
    await this.#view.update(this.#stubs(), () => this.#host.clock.now());
    if (this.#mounted !== null) this.#learner.apply(this.#mounted.edge.runtime);
    return answer;
  }

  /** The directory tells what became known: it is in force when this resolves. */
  async #told(knowledge: Knowledge): Promise<Confirmation> {
    const { clock } = this.#host;
    if (!this.#view.learn(knowledge, clock.now())) await this.#view.update(this.#stubs(), () => clock.now());
    if (this.#mounted === null && this.#mounting === null && !this.#sockets.left) return { closed: [], holds: false };
    const { runtime } = (await this.#ready()).edge;
    const closed = [...this.#learner.apply(runtime), ...this.#endedAsleep];
    this.#endedAsleep = [];
    const isOpening = this.#enrolledAt !== null && clock.now() - this.#enrolledAt < OPENING;
    const holds = runtime.connections.size > 0 || isOpening || this.#enrolling > 0;
    if (!holds) this.#enrolledAt = null;
    return { closed, holds };
  }

  async #work(): Promise<void> {
    if (this.#state.id.name === DIRECTORY) {
      await this.#openDirectory().retry();
      return;
    }
    const { runtime } = (await this.#ready()).edge;
    await runtime.alarm();
  }

  #openDirectory(): Directory {
    this.#directory ??= new Directory({
      sql: this.#sql,
      log: this.#host.log,
      now: () => this.#host.clock.now(),
      tell: async (object, knowledge) =>
        (await callObject(this.#stubs().ofObject(object), "tell", knowledge)) as Confirmation,
      retryAt: (at) => this.#alarm.arm(at),
    });
    return this.#directory;
  }

  #askDirectory(
    operation: "since" | "enroll" | "release" | "revoke" | "raiseEpoch",
    args: readonly unknown[],
  ): unknown {
    const directory = this.#openDirectory();
    // The arguments are those that objects of this Worker send.
    return (directory[operation] as (...given: readonly unknown[]) => unknown).apply(directory, [...args]);
  }
}

function isConnect(inbound: InboundRequest, basePath: string): boolean {
  try {
    return parseActorPath(inbound.path.slice(basePath.length))?.route.kind === "connect";
  } catch {
    return false;
  }
}
