/**
 * Owns one end of the channel between two threads as a whole: calls, streams, sockets, and how much may wait on the way.
 * Both ends are alike, so that what comes in by one channel can go on by another.
 *
 * G12: past a mark of what the other side has not taken, sockets stop being read until it has.
 */
import type { MessagePort } from "node:worker_threads";
import { type CallHandler, Calls } from "./calls.ts";
import { Channel, OP, type Op } from "./channel.ts";
import { type PausableSocket, Sockets } from "./sockets.ts";
import { Streams } from "./streams.ts";

/** What a frame costs beside its text. */
const FRAME_COST = 64;
const HIGH_MARK = 4 * 1024 * 1024;
const LOW_MARK = 1024 * 1024;

export interface PeerHandlers {
  readonly call: CallHandler;
  /** A decision of the gate over there. */
  decision?(decision: unknown): void;
  /** The other side is gone; everything that was open with it has ended. */
  gone?(): void;
}

export class Peer {
  readonly calls: Calls;
  readonly streams: Streams;
  readonly sockets: Sockets;
  readonly #channel: Channel;
  readonly #handlers: PeerHandlers;
  /** Frames handed over, and how much of them was taken. */
  #sent = 0;
  #sentTaken = 0;
  readonly #paused = new Set<PausableSocket>();
  /** Frames received, and how much of them the other side knows to be taken. */
  #received = 0;
  #receivedTold = 0;

  constructor(port: MessagePort, handlers: PeerHandlers) {
    this.#channel = new Channel(port);
    this.#handlers = handlers;
    this.calls = new Calls(this.#channel, handlers.call);
    this.streams = new Streams(this.#channel);
    this.sockets = new Sockets(this.#channel, (units, socket) => this.#handed(units, socket));
    this.#channel.start({
      receive: (op, id, value) => this.#receive(op, id, value),
      settled: () => this.#settled(),
      gone: () => this.#gone(),
    });
  }

  get isOpen(): boolean {
    return this.#channel.isOpen;
  }

  tellDecision(decision: unknown): void {
    this.#channel.post(OP.decision, 0, decision);
  }

  close(): void {
    this.#channel.close();
  }

  #receive(op: Op, id: number, value: unknown): void {
    if (op === OP.frame) this.#received += (value as string | Uint8Array).length + FRAME_COST;
    if (this.sockets.receive(op, id, value) || this.calls.receive(op, id, value)) return;
    if (this.streams.receive(op, id, value)) return;
    if (op === OP.taken) this.#taken(value as number);
    else if (op === OP.decision) this.#handlers.decision?.(value);
  }

  #settled(): void {
    this.sockets.settled();
    if (this.#received === this.#receivedTold) return;
    this.#receivedTold = this.#received;
    this.#channel.post(OP.taken, 0, this.#received);
  }

  #handed(units: number, socket: PausableSocket): void {
    this.#sent += units + FRAME_COST;
    if (this.#sent - this.#sentTaken <= HIGH_MARK || socket.pause === undefined) return;
    socket.pause();
    this.#paused.add(socket);
  }

  #taken(total: number): void {
    this.#sentTaken = total;
    if (this.#paused.size === 0 || this.#sent - total > LOW_MARK) return;
    for (const socket of this.#paused) socket.resume?.();
    this.#paused.clear();
  }

  #gone(): void {
    for (const socket of this.#paused) socket.resume?.();
    this.#paused.clear();
    this.sockets.gone();
    this.calls.gone();
    this.streams.gone();
    this.#handlers.gone?.();
  }
}
