/**
 * Owns sending: requests byte for byte as they are written down, with paths nobody normalised and headers that may stand twice,
 * and sockets that remember every frame. Goes to one address only: redirects are not followed. All that comes back passes
 * `onText`, so that leaks are looked for in every answer.
 */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import WebSocket from "ws";
import type { Budget } from "./budget.ts";

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface WireRequest {
  readonly method: string;
  /** Path and query, raw. */
  readonly path: string;
  readonly headers?: HeaderList;
  readonly body?: string | Uint8Array;
  /** Ends the reading of a stream that would go on, once its text fits. */
  readonly until?: RegExp;
  /** ms */
  readonly timeout?: number;
}

export interface Answer {
  /** 0 where the connection broke or nothing came in time. */
  readonly status: number;
  readonly headers: HeaderList;
  readonly text: string;
  /** From sending to the last byte read. */
  readonly ms: number;
}

/** Nobody listens there, or nobody does any more: the attack ends, and its report is incomplete. */
export class ServerGone extends Error {
  override readonly name = "ServerGone";
  /** What was sent last that was answered; null where nothing ever was. */
  readonly after: string | null;

  constructor(message: string, after: string | null) {
    super(message);
    this.after = after;
  }
}

/** What went out and what came back, in words, for a report. */
export type Watch = (sent: string, text: string) => void;

const TIMEOUT_MS = 10_000;
/** Characters of an answer that are read. */
const MAX_TEXT = 262_144;

export class Wire {
  readonly url: URL;
  readonly #budget: Budget;
  readonly #watch: Watch;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #open = new Set<WireSocket>();
  readonly #lookup: LookupFunction | undefined;
  /** What was answered last. */
  #answered: string | null = null;

  /** `address`: where the URL's host is, looked up once; nothing goes anywhere else. */
  constructor(url: string, budget: Budget, watch: Watch, address?: string) {
    this.url = new URL(url);
    this.#lookup = address === undefined ? undefined : pinned(address);
    this.#budget = budget;
    this.#watch = watch;
    const options = { keepAlive: true, maxSockets: 256 };
    this.#agent = this.url.protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** Sends a request. Never rejects for what the peer answers; rejects with BudgetSpent and ServerGone. */
  async send(request: WireRequest): Promise<Answer> {
    this.#budget.take();
    const started = performance.now();
    const body = typeof request.body === "string" ? Buffer.from(request.body) : request.body;
    const answer = await new Promise<Omit<Answer, "ms">>((resolve, reject) => {
      const outgoing = this.#request(request, body?.byteLength);
      outgoing.on("response", (response) => void readAnswer(response, request.until).then(resolve));
      outgoing.on("error", (error) => {
        if (isRefused(error)) reject(this.gone(error.message));
        else resolve(nothing(error.message));
      });
      outgoing.setTimeout(request.timeout ?? TIMEOUT_MS, () => {
        resolve(nothing("no answer in time"));
        outgoing.destroy();
      });
      outgoing.end(body);
    });
    const sent = `${request.method} ${request.path}`;
    if (answer.status !== 0) this.#answered = sent;
    this.#watch(sent, `${answer.headers.join("\n")}\n${answer.text}`);
    return { ...answer, ms: performance.now() - started };
  }

  /** What to end with once it is known that nobody answers. */
  gone(text: string): ServerGone {
    const { origin } = this.url;
    const what = this.#answered === null ? `nothing answers at ${origin}` : `${origin} does not answer any more`;
    return new ServerGone(`${what}: ${text}`, this.#answered);
  }

  /**
   * Sends a body of `bytes` bytes in chunks, without saying how long it is.
   * @returns the answer, and how much had left when it came
   */
  async stream(request: WireRequest, bytes: number): Promise<{ readonly answer: Answer; readonly sent: number }> {
    this.#budget.take();
    const started = performance.now();
    const chunk = Buffer.alloc(65_536, 0x20);
    let sent = 0;
    let over = false;
    const answer = await new Promise<Omit<Answer, "ms">>((resolve) => {
      const outgoing = this.#request(request);
      const settle = (settled: Omit<Answer, "ms">): void => {
        over = true;
        resolve(settled);
        outgoing.destroy();
      };
      outgoing.on("response", (response) => {
        over = true;
        void readAnswer(response, request.until).then(settle);
      });
      outgoing.on("error", (error) => settle(nothing(error.message)));
      outgoing.setTimeout(request.timeout ?? TIMEOUT_MS, () => settle(nothing("no answer in time")));
      const write = (): void => {
        while (!over && sent < bytes) {
          sent += chunk.byteLength;
          if (!outgoing.write(chunk)) {
            outgoing.once("drain", write);
            return;
          }
        }
        if (!over) outgoing.end();
      };
      outgoing.write(request.body ?? "", write);
    });
    return { answer: { ...answer, ms: performance.now() - started }, sent };
  }

  /** Opens a stream and reads it until it ends, or is ended. */
  follow(request: WireRequest): { isOver(): boolean; text(): string; end(): void } {
    this.#budget.take();
    const outgoing = this.#request(request);
    let text = "";
    let over = false;
    const finish = (): void => {
      over = true;
    };
    outgoing.on("response", (response) => {
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text = (text + chunk).slice(-MAX_TEXT);
        this.#watch(request.path, chunk);
      });
      response.on("end", finish).on("close", finish).on("error", finish);
    });
    outgoing.on("error", finish);
    outgoing.end();
    return { isOver: () => over, text: () => text, end: () => outgoing.destroy() };
  }

  /** Starts a request that says it has a body and never finishes sending it; gives what ends it. */
  stall(request: WireRequest): () => void {
    this.#budget.take();
    const outgoing = this.#request({ ...request, headers: [...(request.headers ?? []), ["content-length", "1000"]] });
    outgoing.on("error", () => {});
    outgoing.on("response", (response) => response.resume());
    outgoing.write("[");
    return () => outgoing.destroy();
  }

  /** Opens a socket; resolves when it is open, or was refused. @throws BudgetSpent, ServerGone */
  async socket(path: string, protocols: readonly string[] = [], headers: HeaderList = []): Promise<WireSocket> {
    this.#budget.take();
    const gone = (): void => void this.#open.delete(socket);
    const options = { protocols, headers, lookup: this.#lookup };
    const socket: WireSocket = new WireSocket(this.url, path, options, this.#watch, gone);
    this.#open.add(socket);
    await socket.opened;
    if (socket.failure !== null && isRefused(socket.failure)) throw this.gone(socket.failure.message);
    if (socket.failure === null) this.#answered = `socket ${path}`;
    return socket;
  }

  /**
   * Asks for a socket under a path as it is written: clients of sockets normalise theirs.
   * @returns the status (101 where it was opened) and what came within `ms`
   */
  async upgrade(path: string, headers: HeaderList, ms: number): Promise<{ status: number; text: string }> {
    this.#budget.take();
    const asked: HeaderList = [
      ...headers,
      ["connection", "Upgrade"],
      ["upgrade", "websocket"],
      ["sec-websocket-version", "13"],
      ["sec-websocket-key", "Ynl3YXJkLWF0dGFjay0xMg=="],
    ];
    return new Promise((resolve) => {
      const outgoing = this.#request({ method: "GET", path, headers: asked });
      outgoing.on("upgrade", (_response, socket) => {
        let text = "";
        socket.on("data", (bytes: Buffer) => {
          text += bytes.toString("latin1");
        });
        socket.on("error", () => {});
        setTimeout(() => {
          socket.destroy();
          resolve({ status: 101, text });
        }, ms);
      });
      outgoing.on("response", (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, text: "" });
      });
      outgoing.on("error", (error) => resolve({ status: 0, text: error.message }));
      outgoing.setTimeout(TIMEOUT_MS, () => outgoing.destroy());
      outgoing.end();
    });
  }

  close(): void {
    for (const socket of this.#open) socket.drop();
    this.#agent.destroy();
  }

  #request({ method, path, headers = [] }: WireRequest, length?: number): ClientRequest {
    const all = [...headers];
    if (!headers.some(([name]) => name.toLowerCase() === "host")) all.unshift(["host", this.url.host]);
    if (length !== undefined && !headers.some(([name]) => name.toLowerCase() === "content-length")) {
      all.push(["content-length", String(length)]);
    }
    const request = this.url.protocol === "https:" ? httpsRequest : httpRequest;
    return request({
      hostname: this.url.hostname.replace(/^\[|\]$/g, ""),
      port: this.url.port === "" ? undefined : this.url.port,
      method,
      path,
      agent: this.#agent,
      setHost: false,
      ...(this.#lookup === undefined ? {} : { lookup: this.#lookup }),
      headers: all.flat() as readonly string[],
    });
  }
}

/** Nobody listens at the port: no peer that is there can answer so. */
function isRefused(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
}

function nothing(text: string): Omit<Answer, "ms"> {
  return { status: 0, headers: [], text };
}

function readAnswer(response: IncomingMessage, until: RegExp | undefined): Promise<Omit<Answer, "ms">> {
  return new Promise((resolve) => {
    let text = "";
    const headers: [string, string][] = [];
    for (let index = 0; index < response.rawHeaders.length; index += 2) {
      headers.push([response.rawHeaders[index]!.toLowerCase(), response.rawHeaders[index + 1]!]);
    }
    const settle = (): void => resolve({ status: response.statusCode ?? 0, headers, text });
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      if (text.length < MAX_TEXT) text += chunk;
      if (until?.test(text) !== true) return;
      settle();
      response.destroy();
    });
    response.on("end", settle);
    response.on("close", settle);
    response.on("error", settle);
  });
}

/** The value of a header, joined where it stands several times; null where it does not. */
export function headerOf({ headers }: Pick<Answer, "headers">, name: string): string | null {
  const values = headers.filter(([known]) => known === name).map(([, value]) => value);
  return values.length === 0 ? null : values.join(", ");
}

/** Answers every question for an address with the same one: no second answer sends an attack elsewhere. */
function pinned(address: string): LookupFunction {
  const family = isIP(address) === 6 ? 6 : 4;
  return (_hostname, options, done) => {
    if (options.all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}

interface SocketOptions {
  readonly protocols: readonly string[];
  readonly headers: HeaderList;
  readonly lookup: LookupFunction | undefined;
}

/** A message of the protocol, as it came. */
export type Frame = Readonly<Record<string, unknown>>;

/** A socket that remembers what came. */
export class WireSocket {
  readonly frames: Frame[] = [];
  /** Everything as text, also what is no message. */
  readonly texts: string[] = [];
  readonly opened: Promise<void>;
  /** The status of a refused upgrade; 0 where it was accepted. */
  refusedWith = 0;
  /** Why there is no connection, where none came about. */
  failure: Error | null = null;
  closeCode: number | null = null;
  readonly #ws: WebSocket;
  readonly #watch: Watch;
  #wake: (() => void)[] = [];

  constructor(url: URL, path: string, options: SocketOptions, watch: Watch, gone: () => void) {
    const { protocols, headers, lookup } = options;
    const address = `${url.protocol === "https:" ? "wss" : "ws"}://${url.host}${path}`;
    const named: Record<string, string | string[]> = {};
    for (const [name, value] of headers) {
      const known = named[name];
      named[name] = known === undefined ? value : [...[known].flat(), value];
    }
    this.#watch = watch;
    this.#ws = new WebSocket(address, [...protocols], {
      headers: named as Record<string, string>,
      handshakeTimeout: TIMEOUT_MS,
      followRedirects: false,
      perMessageDeflate: false,
      ...(lookup === undefined ? {} : { lookup }),
    });
    this.opened = new Promise((resolve) => {
      this.#ws.once("open", () => resolve());
      this.#ws.once("unexpected-response", (_request, response) => {
        this.refusedWith = response.statusCode ?? 0;
        response.resume();
        this.#ended(-1);
        this.#ws.terminate();
        resolve();
      });
      this.#ws.on("error", (error) => {
        this.failure ??= error;
        this.#ended(-1);
        resolve();
      });
    });
    this.#ws.on("message", (data, isBinary) => this.#received(path, data as Buffer, isBinary));
    this.#ws.on("close", (code) => {
      this.#ended(code);
      gone();
    });
  }

  get isClosed(): boolean {
    return this.closeCode !== null;
  }

  send(message: unknown): void {
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    const isRaw = typeof message === "string" || message instanceof Uint8Array;
    this.#ws.send(isRaw ? message : JSON.stringify(message), () => {});
  }

  /** Waits until `fits` holds, the socket is closed, or `ms` are over; says whether it holds. */
  async until(fits: () => boolean, ms: number): Promise<boolean> {
    const deadline = performance.now() + ms;
    while (!fits() && !this.isClosed) {
      const left = deadline - performance.now();
      if (left <= 0) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 20));
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return fits();
  }

  drop(): void {
    this.#ws.terminate();
  }

  #received(path: string, data: Buffer, isBinary: boolean): void {
    const text = isBinary ? data.toString("latin1") : data.toString();
    if (this.texts.length < 4096) this.texts.push(text.slice(0, 16_384));
    this.#watch(`socket ${path}`, text);
    try {
      const parsed: unknown = JSON.parse(text);
      for (const one of Array.isArray(parsed) ? parsed : [parsed]) {
        if (typeof one === "object" && one !== null) this.frames.push(one as Frame);
      }
    } catch {
      // An application's own frame.
    }
    this.#stir();
  }

  #ended(code: number): void {
    this.closeCode ??= code;
    this.#stir();
  }

  #stir(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
