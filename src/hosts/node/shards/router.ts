/**
 * Owns, in the main thread, the way from a request or socket to the shard that runs its actor, and from one shard's actors to
 * another's. Decides nothing about access: that is the gate's, in the shard.
 */
import { LocalCallee } from "../../../actors/callee.ts";
import type { Callee } from "../../../actors/callee-port.ts";
import type { Fleet } from "../../../actors/fleet.ts";
import { failureResponse } from "../../../actors/inbound.ts";
import type { Levels } from "../../../actors/levels.ts";
import { refuseSocket } from "../../../actors/rpc.ts";
import type { Runtime } from "../../../actors/runtime.ts";
import type { Address } from "../../../actors/stateless.ts";
import type { ClosedConnection } from "../../../actors/surroundings.ts";
import { Refusal } from "../../../boundary/errors.ts";
import type { MaybePromise } from "../../../boundary/maybe-promise.ts";
import { keyText } from "../../../protocol/key.ts";
import type { ActorPath } from "../../../protocol/paths.ts";
import type { ActorRouter } from "../../../registry/edge.ts";
import type { ActorRef, ActorStore, InboundRequest, OutboundResponse, RevocationRow, Socket } from "../../port.ts";
import type { CallContext } from "./calls.ts";
import { answerCall, FarCallee, ownerOfCall, passOn } from "./far-callee.ts";
import { HeldSocket } from "./held-socket.ts";
import { MAIN, type Ownership } from "./ownership.ts";
import type { Peer } from "./peer.ts";
import { forward, requestData } from "./wire-request.ts";

/** The shards as the router needs them. */
export interface Shards {
  readonly count: number;
  /** The shard's peer while it serves; null while it is being started again. */
  peer(index: number): Peer | null;
  /** The same, waited for a moment. Rejects with Refusal `unavailable`. */
  whenUp(index: number): MaybePromise<Peer>;
  /** Everyone that has begun to start: who starts later reads from disk what the others are told. */
  all(): readonly Peer[];
}

const RETRY_SECONDS = 1;
/** Addresses by id that are remembered: an id is one actor's for ever. */
const MAX_KNOWN_IDS = 10_000;

export class Router implements ActorRouter, Fleet {
  readonly #shards: Shards;
  readonly #ownership: Ownership;
  readonly #store: ActorStore;
  readonly #known = new Map<string, ActorRef>();
  /** By the peer that said it; peers that are gone hold nothing. */
  readonly #levels = new Map<Peer, Levels>();
  #runtime: Runtime | null = null;
  #callee: Callee | null = null;
  #sockets = 0;

  constructor(shards: Shards, ownership: Ownership, store: ActorStore) {
    this.#shards = shards;
    this.#ownership = ownership;
    this.#store = store;
  }

  /** The runtime of this thread. */
  bind(runtime: Runtime): void {
    this.#runtime = runtime;
    this.#callee = new LocalCallee(runtime);
  }

  request(path: ActorPath, inbound: InboundRequest): Promise<OutboundResponse> | null {
    if (!this.#isSpread(path.name)) return null;
    return this.#request(path, inbound);
  }

  async #request(path: ActorPath, inbound: InboundRequest): Promise<OutboundResponse> {
    const runtime = this.#runtime!;
    try {
      const peer = this.#shards.peer(await this.#shardOf(path));
      if (peer === null) throw restarting();
      return await forward(peer, inbound);
    } catch (error) {
      return failureResponse(runtime, error, path.name);
    }
  }

  socket(path: ActorPath, inbound: InboundRequest, protocol: string): ((socket: Socket) => void) | null {
    if (!this.#isSpread(path.name)) return null;
    return (socket) => {
      const shard = this.#shardOf(path);
      if (typeof shard === "number") {
        this.#serve(shard, inbound, protocol, socket);
        return;
      }
      const held = new HeldSocket(socket);
      shard.then(
        (index) => this.#serve(index, inbound, protocol, held),
        (error: unknown) => refuseSocket(this.#runtime!, held, error),
      );
    };
  }

  #serve(index: number, inbound: InboundRequest, protocol: string, socket: Socket): void {
    const runtime = this.#runtime!;
    const peer = this.#shards.peer(index);
    if (peer === null || this.#sockets >= runtime.limits.maxConnections) {
      const full = new Refusal("overloaded", { reason: "connections.limit" });
      refuseSocket(runtime, socket, peer === null ? restarting() : full);
      return;
    }
    this.#sockets += 1;
    const data = requestData(inbound, protocol);
    peer.sockets.offer(
      socket,
      (id) => {
        peer.calls.call("socket", [data, id, protocol]).catch(() => {
          // Nobody took it over. What else is wrong, the shard says on the socket.
          socket.close(1013, "byward/unavailable");
        });
      },
      () => {
        this.#sockets -= 1;
      },
    );
  }

  /** Answers an internal call that a shard made, or passes it on to the shard it is for. */
  async answer(from: Peer, method: string, data: unknown, context: CallContext): Promise<unknown> {
    const owner = ownerOfCall(method, data);
    if (owner === null || owner === MAIN) return answerCall(this.#callee!, from, method, data, context);
    const waiting = this.#shards.whenUp(owner);
    // A socket must be taken over in the turn in which it is announced.
    if (waiting instanceof Promise && method === "callee.connect") throw restarting();
    const peer = waiting instanceof Promise ? await waiting : waiting;
    return passOn(peer, method, data) ?? answerCall(new FarCallee(peer, owner), from, method, data, context);
  }

  owns(ref: ActorRef): boolean {
    return this.#ownership.ownerOf(ref) === MAIN;
  }

  calleeOf(name: string, address: Address): MaybePromise<Callee | null> {
    const elsewhere = (ref: ActorRef | null): MaybePromise<Callee | null> => {
      const owner = ref === null || ref.name !== name ? MAIN : this.#ownership.ownerOf(ref);
      if (owner === MAIN) return null;
      const up = this.#shards.whenUp(owner);
      return up instanceof Promise ? up.then((peer) => new FarCallee(peer, owner)) : new FarCallee(up, owner);
    };
    if ("key" in address) return elsewhere({ name, key: keyText(address.key) });
    return this.#refOf(address.id).then(elsewhere);
  }

  async revoked(row: RevocationRow): Promise<readonly ClosedConnection[]> {
    const closed = await this.#tellAll<readonly ClosedConnection[]>("revoked", row);
    return closed.flatMap((list) => list ?? []);
  }

  async epochRaised(epoch: number): Promise<void> {
    await this.#tellAll("epoch", epoch);
  }

  levels(): readonly Levels[] {
    for (const peer of this.#levels.keys()) if (!peer.isOpen) this.#levels.delete(peer);
    return [...this.#levels.values()];
  }

  /** What a shard says that it holds. */
  levelsOf(peer: Peer, levels: Levels): void {
    this.#levels.set(peer, levels);
  }

  /**
   * A shard that ends meanwhile has closed what it had, and reads what is in force when it starts again. One that lives and
   * did not confirm makes the whole fail: nobody may take it for confirmed (G7).
   */
  #tellAll<T>(method: string, data: unknown): Promise<(T | null)[]> {
    const tell = (peer: Peer): Promise<T | null> =>
      (peer.calls.tell(method, data) as Promise<T>).catch((error: unknown) => {
        if (peer.isOpen) throw error;
        return null;
      });
    return Promise.all(this.#shards.all().map(tell));
  }

  #isSpread(name: string): boolean {
    return this.#ownership.ownerOf({ name, key: "" }) !== MAIN;
  }

  /** For an unknown id any shard gives the answer, which is the same everywhere. */
  #shardOf({ name, address }: ActorPath): MaybePromise<number> {
    if (address.by === "key") return this.#ownership.ownerOf({ name, key: keyText(address.key) });
    return this.#refOf(address.id).then((ref) => this.#ownership.ownerOf(ref?.name === name ? ref : { name, key: "" }));
  }

  async #refOf(id: string): Promise<ActorRef | null> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const ref = await this.#store.findById(id);
    if (ref === null) return null;
    if (this.#known.size >= MAX_KNOWN_IDS) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(id, ref);
    return ref;
  }
}

/** Nothing has run: it may be asked again. */
export function restarting(): Refusal {
  return new Refusal("unavailable", { reason: "shard.restarting", retryAfter: RETRY_SECONDS });
}
