/**
 * HTTP/1.1 requests over kept-alive connections, written and read by hand: a client that costs little, so that what is
 * measured is the server. Every answer must be 200 and hold `expected`.
 */
import { connect, type Socket } from "node:net";
import type { Side } from "../harness/child.ts";

interface Options {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Text every answer contains. */
  readonly expected: string;
  readonly connections: number;
}

type Done = (error?: unknown) => void;

export async function open(options: Options): Promise<Side> {
  const { hostname, port } = new URL(options.url);
  const lines = Object.entries(options.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = Buffer.byteLength(options.body);
  const request = Buffer.from(
    `POST ${options.path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${lines.join("")}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${options.body}`,
  );
  const free = await Promise.all(
    Array.from({ length: options.connections }, () => new Connection(Number(port), hostname, options.expected).ready()),
  );
  return {
    begin: (done) => {
      const connection = free.pop();
      if (connection === undefined) throw new Error("more calls in flight than connections");
      connection.send(request, (error) => {
        free.push(connection);
        done(error);
      });
    },
  };
}

class Connection {
  readonly #socket: Socket;
  readonly #expected: string;
  #text = "";
  #done: Done = () => {};

  constructor(port: number, hostname: string, expected: string) {
    this.#socket = connect({ port, host: hostname, noDelay: true });
    this.#expected = expected;
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (chunk) => this.#received(chunk as unknown as string));
    this.#socket.on("error", (error) => this.#done(error));
    this.#socket.on("close", () => this.#done(new Error("the server closed the connection")));
  }

  ready(): Promise<this> {
    return new Promise((resolve) => this.#socket.once("connect", () => resolve(this)));
  }

  send(request: Buffer, done: Done): void {
    this.#done = done;
    this.#socket.write(request);
  }

  #received(chunk: string): void {
    this.#text += chunk;
    const headEnd = this.#text.indexOf("\r\n\r\n");
    if (headEnd === -1) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#text.slice(0, headEnd + 2))?.[1];
    const isWhole =
      length === undefined ? this.#text.endsWith("0\r\n\r\n") : this.#text.length >= headEnd + 4 + Number(length);
    if (!isWhole) return;
    const text = this.#text;
    this.#text = "";
    const good = text.startsWith("HTTP/1.1 200") && text.includes(this.#expected);
    this.#done(good ? undefined : new Error(`not the answer expected: ${text}`));
  }
}
