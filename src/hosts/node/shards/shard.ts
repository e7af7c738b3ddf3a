/**
 * Owns a registry in a shard's thread: its runtime over the shared store, its end of the channel to the main thread, which
 * listens, routes and runs services. It starts when the main thread says so, and stops when it is told to.
 */
import { LocalCallee } from "../../../actors/callee.ts";
import type { Callee } from "../../../actors/callee-port.ts";
import type { Decision } from "../../../actors/decisions.ts";
import type { Fleet } from "../../../actors/fleet.ts";
import { levelsHere } from "../../../actors/levels.ts";
import type { RevokeReceipt, Runtime } from "../../../actors/runtime.ts";
import type { CallRef, QueueRef, ServiceLink, ServiceReceipt } from "../../../actors/service-link.ts";
import type { ClosedConnection } from "../../../actors/surroundings.ts";
import { ConfigurationError } from "../../../boundary/errors.ts";
import type { RevokeQuery } from "../../../boundary/lease.ts";
import { decode, encode } from "../../../protocol/json.ts";
import { keyText } from "../../../protocol/key.ts";
import type { Edge } from "../../../registry/edge.ts";
import type { Operator, Registry, Served } from "../../../registry/registry.ts";
import type { ActorRef, Logger, RevocationRow } from "../../port.ts";
import { nodeHost } from "../host.ts";
import { nodeLogger } from "../log.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import type { CallContext } from "./calls.ts";
import { answerCall, FarCallee, ownerOfCall } from "./far-callee.ts";
import { Ownership } from "./ownership.ts";
import { Peer } from "./peer.ts";
import { fingerprintOf, type Seat, takeSeat } from "./seat.ts";
import { SharedRateTable } from "./shared-rates.ts";
import { answerRequest, FarInbound, type RequestData } from "./wire-request.ts";

/** ms between what a shard says that it holds. */
const LEVELS_MS = 1000;

/**
 * Takes this thread's seat for a registry. Does not return: what follows `serve()` in a program is for its main thread. A
 * registry other than the one the main thread serves gets a `Served` that serves nothing.
 */
export async function serveInShard(registry: Registry, seat: Seat): Promise<Served> {
  const fingerprint = fingerprintOf(registry.config);
  if (fingerprint !== seat.fingerprint) return { url: "", port: 0, workers: 0, close: async () => {} };
  if (takeSeat()) {
    const log = nodeLogger().child({ shard: seat.index });
    await new Shard(registry, seat, log).start();
  }
  return new Promise<never>(() => {});
}

class Shard {
  readonly #registry: Registry;
  readonly #seat: Seat;
  readonly #log: Logger;
  readonly #peer: Peer;
  readonly #ownership: Ownership;
  #edge: Edge | null = null;
  #callee: Callee | null = null;
  /** What the main thread told before there was a runtime to tell: that may have read its tables earlier. */
  #early: ((runtime: Runtime) => void)[] = [];

  constructor(registry: Registry, seat: Seat, log: Logger) {
    this.#registry = registry;
    this.#seat = seat;
    this.#log = log;
    this.#ownership = new Ownership(registry.config.actors.keys(), seat.shards);
    this.#peer = new Peer(seat.port, {
      call: (method, data, context) => this.#answer(method, data, context),
      // Without the main thread nobody can be answered.
      gone: () => process.exit(0),
    });
  }

  async start(): Promise<void> {
    await this.#peer.calls.call("attach", null);
    try {
      const { runtime } = await this.#startRegistry();
      await this.#peer.calls.call("ready", null);
      void runtime.wakeDue();
    } catch (error) {
      await this.#peer.calls.call("unfit", error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }

  async #startRegistry(): Promise<Edge> {
    const { store: share, rates, index } = this.#seat;
    const store = SqliteStore.attach(share, {
      onLost: (actor, error) => {
        const { name, key } = actor;
        this.#log.error({ actor: name, key, err: error }, "a relaxed update was answered and could not be written");
      },
    });
    let table = 0;
    this.#edge = await this.#registry.start(nodeHost({ store, log: this.#log }), {
      fleet: this.#fleet(store),
      // The main thread has number 1.
      rateCounters: (limit, window) => new SharedRateTable(limit, window, rates[table++]!, index + 2),
      elsewhere: { services: this.#services(), operator: this.#operator() },
    });
    const { runtime } = this.#edge;
    for (const learn of this.#early.splice(0)) learn(runtime);
    this.#callee = new LocalCallee(runtime);
    if (this.#seat.wantsDecisions) this.#report(runtime);
    return this.#edge;
  }

  /** Tells the main thread, where sinks are, what is decided and held here. */
  #report(runtime: Runtime): void {
    runtime.decisions.subscribe((decision) => this.#peer.tellDecision(plain(decision)));
    const timer = setInterval(() => {
      // A main thread that is gone ends this one.
      this.#peer.calls.call("levels", levelsHere(runtime)).catch(() => {});
    }, LEVELS_MS);
    timer.unref();
  }

  #fleet(store: SqliteStore): Fleet {
    const { index } = this.#seat;
    const ownership = this.#ownership;
    const elsewhere = (ref: ActorRef): Callee | null => {
      const owner = ownership.ownerOf(ref);
      return owner === index ? null : new FarCallee(this.#peer, owner);
    };
    return {
      owns: (ref) => ownership.ownerOf(ref) === index,
      calleeOf: (name, address) => {
        if ("key" in address) return elsewhere({ name, key: keyText(address.key) });
        // Nobody has an unknown id: the answer is the same wherever it is given.
        return store.findById(address.id).then((ref) => (ref === null || ref.name !== name ? null : elsewhere(ref)));
      },
      // The main thread tells all, this one too.
      revoked: async () => [],
      epochRaised: async () => {},
    };
  }

  #answer(method: string, data: unknown, context: CallContext): Promise<unknown> {
    if (method === "stop") return this.#stop();
    if (method === "revoked") return Promise.resolve(this.#learn([data as RevocationRow], 0));
    if (method === "epoch") return Promise.resolve(this.#learn([], data as number));
    const edge = this.#edge;
    if (edge === null) return Promise.reject(new Error(`the shard was asked for ${method} before it had started`));
    if (ownerOfCall(method, data) !== null) return answerCall(this.#callee!, this.#peer, method, data, context);
    // The casts hold because the main thread sends these, by method.
    switch (method) {
      case "request":
        return answerRequest(this.#peer, (inbound) => edge.answer(inbound), data as RequestData, context);
      case "socket":
        return this.#serveSocket(edge, data as readonly [RequestData, number, string]);
      default:
        return Promise.reject(new TypeError(`no call is called ${method}`));
    }
  }

  /** Nothing is served before there is a runtime, so it is in force when this returns. */
  #learn(rows: readonly RevocationRow[], epoch: number): readonly ClosedConnection[] {
    if (this.#edge !== null) return this.#edge.runtime.learn(rows, epoch);
    this.#early.push((runtime) => runtime.learn(rows, epoch));
    return [];
  }

  async #serveSocket(edge: Edge, [data, id, protocol]: readonly [RequestData, number, string]): Promise<null> {
    const ended = new AbortController();
    const socket = this.#peer.sockets.accept(id, protocol, () => ended.abort(new Error("the peer went away")));
    const upgrade = await edge.upgrade(new FarInbound(data, { peer: this.#peer, signal: () => ended.signal }));
    upgrade.serve(socket);
    return null;
  }

  /** Stops every actor cleanly. The thread ends when the main thread lets go of the channel. */
  async #stop(): Promise<null> {
    await this.#registry.close();
    return null;
  }

  /** Services run in the main thread. */
  #services(): ServiceLink {
    const place = (ref: CallRef | QueueRef): number => {
      const index = this.#registry.config.services.findIndex(({ identity }) => identity === ref?.service);
      if (index !== -1) return index;
      throw new ConfigurationError(
        "service.unknown_ref",
        "What was given as a service's call or queue belongs to no service of this registry.",
      );
    };
    return {
      call: async (ref, caller, args) => {
        const text = encode([caller, args], "args");
        return decode((await this.#peer.calls.call("service.call", [place(ref), ref.name, text])) as string);
      },
      send: async (ref, caller, message, id) => {
        const text = encode([caller, message, id], "message");
        return (await this.#peer.calls.call("service.send", [place(ref), ref.name, text])) as ServiceReceipt;
      },
    };
  }

  /** What an operator may do, done where all threads are known. */
  #operator(): Operator {
    const { calls } = this.#peer;
    return {
      revoke: async (query: RevokeQuery) =>
        decode((await calls.call("operator.revoke", encode(query))) as string) as RevokeReceipt,
      bumpEpoch: async () => (await calls.call("operator.bumpEpoch", null)) as number,
    };
  }
}

/** A decision as data: what sinks read of it. */
function plain(decision: Decision): unknown {
  const { caller } = decision;
  if (caller === null) return decision;
  const { party, base, identity, claims, expiresAt, issuedAt, tokenId } = caller;
  return { ...decision, caller: encode({ party, base, identity, claims, expiresAt, issuedAt, tokenId }) };
}
