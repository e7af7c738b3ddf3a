/** A proxy between the network and a registry, with one thing wrong: what holes of a host are planted with. */
import { createServer, request as forward, type IncomingMessage } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Registry, ServeOptions } from "../../src/registry/registry.ts";

/** What goes to the registry; may be changed. */
export interface Passing {
  method: string;
  path: string;
  headers: [name: string, value: string][];
  readonly isUpgrade: boolean;
}

/** What comes back; may be changed. */
export interface Returning {
  status: number;
  headers: [name: string, value: string][];
}

export interface Twist {
  /** Gives a status to answer with at once, else nothing. */
  readonly request?: (passing: Passing) => Promise<number | void> | number | void;
  readonly response?: (returning: Returning, passing: Passing) => Promise<void> | void;
}

export function headerIn(passing: Passing, name: string): string | undefined {
  return passing.headers.find(([known]) => known.toLowerCase() === name)?.[1];
}

export function without(passing: Passing, ...names: readonly string[]): void {
  passing.headers = passing.headers.filter(([name]) => !names.includes(name.toLowerCase()));
}

/** The registry behind a proxy; all else is its own. */
export function behind(registry: Registry, twist: Twist): Registry {
  const changed = {
    config: registry.config,
    runtime: () => registry.runtime(),
    revoke: (query: Parameters<Registry["revoke"]>[0]) => registry.revoke(query),
    serve: async (options: ServeOptions) => {
      const inner = await registry.serve(options);
      const proxy = createProxy(inner.port, twist);
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      const { port } = proxy.address() as AddressInfo;
      const close = async (): Promise<void> => {
        proxy.closeAllConnections();
        proxy.close();
        await inner.close();
      };
      return { url: `http://127.0.0.1:${port}`, port, close };
    },
  };
  return changed as unknown as Registry;
}

function createProxy(port: number, twist: Twist) {
  const server = createServer();
  server.on("request", async (incoming, outgoing) => {
    const passing = passingOf(incoming, false);
    const status = await twist.request?.(passing);
    if (typeof status === "number") {
      incoming.resume();
      outgoing.writeHead(status).end();
      return;
    }
    const { method, path, headers } = passing;
    const inner = forward({ host: "127.0.0.1", port, method, path, headers: headers.flat(), setHost: false });
    inner.on("response", async (response) => {
      const returning = { status: response.statusCode ?? 500, headers: pairs(response.rawHeaders) };
      await twist.response?.(returning, passing);
      outgoing.writeHead(returning.status, returning.headers.flat());
      outgoing.flushHeaders();
      response.pipe(outgoing);
    });
    inner.on("error", () => outgoing.destroy());
    outgoing.on("close", () => inner.destroy());
    incoming.on("error", () => inner.destroy());
    incoming.pipe(inner);
  });
  server.on("upgrade", async (incoming, socket) => {
    const passing = passingOf(incoming, true);
    await twist.request?.(passing);
    const lines = passing.headers.map(([name, value]) => `${name}: ${value}`);
    const inner = connect(port, "127.0.0.1", () =>
      inner.write(`${passing.method} ${passing.path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`),
    );
    inner.pipe(socket).pipe(inner);
    inner.on("error", () => socket.destroy());
    inner.on("close", () => socket.destroy());
    socket.on("error", () => inner.destroy());
    socket.on("close", () => inner.destroy());
  });
  return server;
}

function passingOf(incoming: IncomingMessage, isUpgrade: boolean): Passing {
  return {
    method: incoming.method ?? "GET",
    path: incoming.url ?? "/",
    headers: pairs(incoming.rawHeaders),
    isUpgrade,
  };
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index]!, raw[2 * index + 1]!]);
}
