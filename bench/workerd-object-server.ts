/**
 * What `bench/workerd.ts` measures against: the same work in a Durable Object written by hand. A hello with a token verified
 * by WebCrypto, hibernatable sockets, and for each message the end of the token, the name, and where it counts a write of the
 * state in a transaction.
 */
import { DurableObject } from "cloudflare:workers";
import type { ObjectNamespace, ObjectState, PlatformSocket, WorkerEnv } from "../src/hosts/cloudflare/platform.ts";
import { socketPair } from "../src/hosts/cloudflare/platform.ts";

interface Session {
  readonly user: string;
  /** Epoch ms. */
  readonly endsAt: number;
}

interface Message {
  readonly t: string;
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly token?: string;
}

const ALLOWED = new Set(["echo", "next"]);
const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

export class BywardActor extends DurableObject {
  #state = { count: 0 };
  readonly #sessions = new Map<PlatformSocket, Session>();

  constructor(ctx: ObjectState, env: WorkerEnv) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    const [row] = ctx.storage.sql.exec<{ body: string }>("SELECT body FROM state WHERE id = 1").toArray();
    if (row !== undefined) this.#state = JSON.parse(row.body);
  }

  fetch(): Response {
    const { client, server } = socketPair();
    this.ctx.acceptWebSocket(server);
    const headers = { "sec-websocket-protocol": "byward.v1" };
    return new Response(null, { status: 101, webSocket: client, headers } as object);
  }

  webSocketMessage(socket: PlatformSocket, data: string): void | Promise<void> {
    const message = JSON.parse(data) as Message;
    const session = this.#sessions.get(socket) ?? (socket.deserializeAttachment() as Session | null);
    if (session === null) return this.#hello(socket, message);
    if (Date.now() >= session.endsAt) {
      socket.close(3000, "expired");
      return;
    }
    if (message.t !== "action" || !ALLOWED.has(message.name) || !Array.isArray(message.args)) {
      socket.send(JSON.stringify({ t: "error", id: message.id, code: "forbidden" }));
      return;
    }
    const output = message.name === "echo" ? message.args[0] : this.#next();
    socket.send(JSON.stringify({ t: "result", id: message.id, output }));
  }

  async #hello(socket: PlatformSocket, { token = "" }: Message): Promise<void> {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const secret = new TextEncoder().encode(String(this.env["AUTH_JWT_SECRET"]));
    const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
    const signed = new TextEncoder().encode(`${header}.${payload}`);
    if (!(await crypto.subtle.verify("HMAC", key, bytesOf(signature), signed))) {
      socket.close(3000, "unauthenticated");
      return;
    }
    const { sub, exp } = JSON.parse(new TextDecoder().decode(bytesOf(payload))) as { sub: string; exp: number };
    const session: Session = { user: sub, endsAt: exp * 1000 };
    this.#sessions.set(socket, session);
    socket.serializeAttachment(session);
    socket.send(JSON.stringify({ t: "ready" }));
  }

  #next(): number {
    const { storage } = this.ctx;
    this.#state.count += 1;
    storage.transactionSync(() => {
      storage.sql.exec("INSERT OR REPLACE INTO state (id, body) VALUES (1, ?)", JSON.stringify(this.#state));
    });
    return this.#state.count;
  }
}

interface Stub {
  fetch(request: Request): Promise<Response>;
}

export default {
  fetch(request: Request, env: { BYWARD_ACTOR: ObjectNamespace<Stub> }): Promise<Response> {
    return env.BYWARD_ACTOR.get(env.BYWARD_ACTOR.idFromName(new URL(request.url).pathname)).fetch(request);
  },
};
