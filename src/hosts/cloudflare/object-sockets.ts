/**
 * Owns the sockets of an object: accepting them, writing them down before the object can leave memory, and taking them up
 * again when it is back.
 *
 * Invariants: a socket that comes back is checked against its lease, and against what is revoked now, before anything is
 * delivered to it: a dead one receives its end and nothing else (G7). While something is not written down, a timer is pending,
 * and while a timer is pending the platform keeps the object in memory.
 */
import type { Connection } from "../../actors/connection.ts";
import { reviveConnection } from "../../actors/dormant.ts";
import { newCorrelationId } from "../../actors/failure.ts";
import { resumeRpc } from "../../actors/rpc.ts";
import type { Runtime } from "../../actors/runtime.ts";
import { EXTERNAL } from "../../boundary/scheme.ts";
import { type Codec, jsonCodec } from "../../protocol/codec.ts";
import { parseKey } from "../../protocol/key.ts";
import type { Timer } from "../port.ts";
import type { Closing } from "./directory.ts";
import { deleteText, getText, putText } from "./long-text.ts";
import { type ObjectState, type PlatformSocket, socketPair } from "./platform.ts";
import { hasSchema, openSchema } from "./schema.ts";
import { type Attachment, closeSocket, HibernatingSocket, HoldingSocket } from "./socket.ts";
import type { Sql } from "./sql.ts";

/** How long after the last activity sockets are written down, ms; the platform lets go of an object after 10 s. */
const PERSIST_AFTER = 1000;
/** Rows of sockets stand beside those of the actor: they go with the socket, not with the actor. */
const SOCKET_ROWS = -1;

export class ObjectSockets {
  readonly #state: ObjectState;
  readonly #sql: Sql;
  readonly #maxPayload: number;
  readonly #rested: () => void;
  readonly #open = new Map<PlatformSocket, HibernatingSocket>();
  #runtime: Runtime | null = null;
  #timer: Timer | null = null;
  #touched = false;
  #isSwept = false;

  /** `rested` is called when nothing has happened for a while. */
  constructor(state: ObjectState, sql: Sql, options: { readonly maxPayload: number; readonly rested: () => void }) {
    this.#state = state;
    this.#sql = sql;
    this.#maxPayload = options.maxPayload;
    this.#rested = options.rested;
  }

  /** Sockets that outlived the memory of the object, and are not taken up yet. */
  get left(): boolean {
    return this.#runtime === null && this.#state.getWebSockets().length > 0;
  }

  /** Takes up what is left of before; those that are revoked by now. Revocations and the epoch must be known. */
  async takeUp(runtime: Runtime): Promise<readonly Closing[]> {
    this.#runtime = runtime;
    const revoked: Closing[] = [];
    for (const socket of this.#state.getWebSockets()) {
      const connection = this.#open.has(socket) ? null : await this.#resume(runtime, socket);
      if (connection === null) continue;
      const { id, actorName: actor, actorKey: key } = connection;
      const rows = connection.lease.credentials.proofs.map((proof) => runtime.revocations.findForProof(proof));
      revoked.push({ actor, key, connection: id, by: rows.find((row) => row !== null)?.id ?? "" });
    }
    return revoked;
  }

  /**
   * Opens a socket; `lasting` ones may outlive the memory of the object, and those to the `inside` take frames of any length.
   * The end for the peer, and what to serve.
   */
  accept(kind: "lasting" | "holding" | "inside"): {
    readonly client: PlatformSocket;
    readonly socket: HibernatingSocket | HoldingSocket;
  } {
    const { client, server } = socketPair();
    if (kind === "inside") return { client, socket: new HoldingSocket(server) };
    if (kind === "holding") return { client, socket: new HoldingSocket(server, this.#maxPayload) };
    this.#state.acceptWebSocket(server);
    const socket = this.#wrap(server, null);
    this.touch();
    return { client, socket };
  }

  message(socket: PlatformSocket, data: string | ArrayBuffer): void {
    this.touch();
    this.#open.get(socket)?.received(data);
  }

  async ended(socket: PlatformSocket, code: number, reason: string): Promise<void> {
    this.touch();
    // One that ended while the object was out of memory was not among those that were left: its actor is told all the same.
    if (!this.#open.has(socket)) await this.#resume(this.#runtime!, socket);
    closeSocket(socket, code, reason);
    this.#open.get(socket)?.ended(code, reason);
    this.#open.delete(socket);
  }

  /** Something happened: what sockets are resumed from may have changed. */
  touch(): void {
    this.#touched = true;
    if (this.#timer === null && this.#open.size > 0) this.#arm();
  }

  #arm(): void {
    this.#touched = false;
    this.#timer = this.#runtime!.host.clock.after(PERSIST_AFTER, () => {
      this.#timer = null;
      if (this.#touched) {
        this.#arm();
        return;
      }
      this.#persist();
      this.#rested();
    });
  }

  #persist(): void {
    const { host } = this.#runtime!;
    for (const [key, socket] of this.#open) {
      if (socket.isClosed) {
        this.#open.delete(key);
        continue;
      }
      try {
        socket.persist(() => newCorrelationId(host));
      } catch (error) {
        host.log.error({ err: error }, "a connection has no form in which it could outlive the object; it is closed");
        socket.close(1011, "byward/internal_error");
        socket.ended(1011, "byward/internal_error");
      }
    }
    if (!this.#isSwept) this.#sweep();
  }

  /** Once in a life of the object: rows of connections that ended with an earlier one, where nobody could say so. */
  #sweep(): void {
    this.#isSwept = true;
    if (!hasSchema(this.#sql)) return;
    const kept = new Set([...this.#open.values()].map(({ row }) => row));
    const rows = this.#sql.all<{ owner: string }>("SELECT DISTINCT owner FROM text WHERE ref = ?", SOCKET_ROWS);
    for (const { owner } of rows) if (!kept.has(owner)) deleteText(this.#sql, SOCKET_ROWS, owner);
  }

  #wrap(socket: PlatformSocket, before: Attachment | null): HibernatingSocket {
    const rows = {
      put: (id: string, text: string) => {
        openSchema(this.#sql);
        this.#sql.transaction(() => {
          deleteText(this.#sql, SOCKET_ROWS, id);
          putText(this.#sql, SOCKET_ROWS, id, text, 0);
        });
      },
      delete: (id: string) => deleteText(this.#sql, SOCKET_ROWS, id),
    };
    const wrapped = new HibernatingSocket(socket, { rows, maxPayload: this.#maxPayload }, before);
    this.#open.set(socket, wrapped);
    return wrapped;
  }

  /** The connection, where it is under a revocation by now. */
  async #resume(runtime: Runtime, socket: PlatformSocket): Promise<Connection | null> {
    // Only `persist` writes attachments.
    const attachment = socket.deserializeAttachment() as Attachment | null;
    const text = attachment === null ? null : this.#textOf(attachment);
    const dormant = text === null ? null : reviveConnection(runtime, text);
    if (dormant === null) {
      // It had not said hello, is closed already, or comes from another version of the program: its peer comes again.
      if (attachment !== null && "row" in attachment) deleteText(this.#sql, SOCKET_ROWS, attachment.row);
      closeSocket(socket, 1001, "actor.stopping");
      return null;
    }
    const { connection, compiled, ref, url, address } = dormant;
    const lasting = this.#wrap(socket, attachment);
    const presentation = { channel: EXTERNAL, method: "GET", url, header: () => null, body: null, address };
    const codec = await codecNamed(dormant.codec);
    const options = { runtime, compiled, address: { key: parseKey(ref.key) }, socket: lasting, codec, presentation };
    resumeRpc({ ...options, request: () => new Request(url) }, connection);
    const end = runtime.refuseRevoked(connection.lease.credentials) === null ? connection.leaseEnd() : "revoked";
    if (end !== null) connection.endLease(end);
    else connection.armExpiry(runtime.leaseClock);
    return end === "revoked" ? connection : null;
  }

  #textOf(attachment: Attachment): string | null {
    return "text" in attachment ? attachment.text : (getText(this.#sql, SOCKET_ROWS, attachment.row)?.text ?? null);
  }
}

async function codecNamed(name: string): Promise<Codec> {
  return name === "cbor" ? (await import("../../protocol/cbor.ts")).cborCodec : jsonCodec;
}
