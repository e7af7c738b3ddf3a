/** Owns the real server and raw protocol clients that gate tests use: no client library between test and wire. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Registry } from "byward";
import { SignJWT } from "jose";
import { onTestFinished } from "vitest";
import WebSocket from "ws";

export const SECRET = "a-test-secret-of-at-least-32-bytes!!";

export function provideSecret(name = "AUTH_JWT_SECRET", value = SECRET): void {
  process.env[name] = value;
}

export async function token(sub: string, claims: Record<string, unknown> = {}, secret = SECRET): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));
}

export interface TestServer {
  readonly url: string;
  readonly dataDir: string;
  close(): Promise<void>;
}

/** Serves a registry on a free port with a data directory of its own; both are gone when the test ends. */
export async function serve(registry: Registry, dataDir?: string): Promise<TestServer> {
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), "byward-")));
  const served = await registry.serve({ port: 0, dataDir: directory });
  onTestFinished(async () => {
    await served.close();
    if (dataDir === undefined) await rm(directory, { recursive: true, force: true });
  });
  return { url: served.url, dataDir: directory, close: served.close };
}

/** The same for all tests of a file; the caller closes it. */
export async function serveForFile(registry: Registry): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), "byward-"));
  const served = await registry.serve({ port: 0, dataDir: directory });
  return {
    url: served.url,
    dataDir: directory,
    close: async () => {
      await served.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a parsed body of a test
  readonly body: any;
}

export async function post(
  url: string,
  body: unknown,
  bearer?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return answer(response);
}

export async function get(url: string, bearer?: string): Promise<Answer> {
  return answer(await fetch(url, bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` } }));
}

async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A socket that remembers everything it got, for tests of what is on the wire. */
export class WireSocket {
  readonly frames: string[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: parsed frames of a test
  readonly messages: any[] = [];
  readonly #ws: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: (() => void)[] = [];

  private constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.on("message", (data) => {
      const text = data.toString();
      this.frames.push(text);
      const parsed = parse(text);
      this.messages.push(...(Array.isArray(parsed) ? parsed : [parsed]));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      ws.on("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#wake();
      });
    });
  }

  static async open(url: string, protocols: string[] = [], headers: Record<string, string> = {}): Promise<WireSocket> {
    const ws = new WebSocket(url.replace(/^http/, "ws"), protocols, { headers });
    const socket = new WireSocket(ws);
    await new Promise((resolve, reject) => {
      ws.once("open", resolve);
      ws.once("error", reject);
    });
    onTestFinished(() => ws.terminate());
    return socket;
  }

  /** Opens an RPC connection and says hello. */
  static async rpc(actorUrl: string, hello: Record<string, unknown> = {}): Promise<WireSocket> {
    const socket = await WireSocket.open(`${actorUrl}/connect`, ["byward.v1"]);
    socket.send({ t: "hello", ...hello });
    return socket;
  }

  send(message: unknown): void {
    this.#ws.send(typeof message === "string" ? message : JSON.stringify(message));
  }
  close(): void {
    this.#ws.close();
  }
  reset(): void {
    this.#ws.terminate();
  }

  /** The first message that fits; fails after `timeout` ms with what came instead. */
  // biome-ignore lint/suspicious/noExplicitAny: parsed frames of a test
  async next(fits: (message: any) => boolean, timeout = 30_000): Promise<any> {
    const until = Date.now() + timeout;
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      const left = until - Date.now();
      if (left <= 0) throw new Error(`no such message; got ${JSON.stringify(this.messages)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
