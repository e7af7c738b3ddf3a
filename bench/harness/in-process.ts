/** Owns calls to a registry in this process: what a transport would hand to the edge, without the transport. */

/** The part of the edge a transport uses; the registry's `start` gives it. */
interface EdgeLike {
  handle(
    inbound: never,
  ): { readonly status: number; readonly body: unknown } | Promise<{ readonly status: number; readonly body: unknown }>;
  upgrade(inbound: never): Promise<{ serve(socket: never): void }>;
}

const { signal } = new AbortController();

function inbound(method: string, path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): never {
  return {
    method,
    path,
    query: "",
    origin: "http://127.0.0.1",
    remoteAddress: "127.0.0.1",
    header: (name: string) => headers[name] ?? null,
    headers: () => Object.entries(headers),
    bytes: async () => body,
    stream: () => null,
    signal,
  } as never;
}

const utf8 = new TextEncoder();

/** @throws Error for any answer but 200 */
export async function requestInProcess(edge: EdgeLike, path: string, token: string, body: string): Promise<void> {
  const bytes = utf8.encode(body);
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    "content-length": String(bytes.length),
  };
  const answer = await edge.handle(inbound("POST", path, headers, bytes));
  if (answer.status !== 200) throw new Error(`${answer.status} ${String(answer.body)}`);
}

export interface ProcessSocket {
  /** Sends a message, and resolves when the next one comes back. */
  ask(text: string): Promise<void>;
}

/** A connection that has said hello. */
export async function connectInProcess(edge: EdgeLike, path: string, token: string): Promise<ProcessSocket> {
  const upgrade = await edge.upgrade(inbound("GET", path, { "sec-websocket-protocol": "byward.v1" }, new Uint8Array()));
  let deliver: (data: string) => void = () => {};
  let came: (() => void) | null = null;
  const take = (): void => came?.();
  upgrade.serve({
    protocol: "byward.v1",
    bufferedAmount: 0,
    send: take,
    sendShared: take,
    close: (code: number, reason: string) => {
      throw new Error(`closed ${code} ${reason}`);
    },
    terminate: () => {},
    attach: (handlers: { message(data: string): void }) => {
      deliver = (data) => handlers.message(data);
    },
  } as never);
  const ask = (text: string): Promise<void> =>
    new Promise((resolve) => {
      came = resolve;
      deliver(text);
    });
  await ask(JSON.stringify({ t: "hello", token }));
  return { ask };
}
