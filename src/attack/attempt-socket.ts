/** Owns attempts by socket: messages on RPC connections, and raw sockets, decided by header or by first frame. */
import type { Presented } from "./holders.ts";
import {
  type Attempt,
  errorOf,
  isRefusal,
  type Result,
  SHARED_KEY,
  UNDECLARED,
  type Verdict,
  type Way,
  type WayParts,
} from "./way.ts";
import type { Frame, HeaderList, WireSocket } from "./wire.ts";

/** ms a socket has to answer. */
const PATIENCE = 5000;
/** ms after which a raw socket that says nothing counts as let in. */
const QUIET = 250;
const REFUSING: ReadonlySet<number> = new Set([3000, 3003, 1013]);
const ID = 7;

/** Opens a connection, says hello, and sends the row's message. */
export async function attemptRpc(
  way: Omit<Way, "attempt">,
  attempt: Attempt,
  sample: unknown,
  basePath: string,
  parts: WayParts,
): Promise<Result> {
  const { row } = way;
  const key = attempt.key ?? SHARED_KEY;
  const path = attempt.path ?? `${basePath}/actors/${row.owner}/${key}/connect`;
  const presented = await attempt.present({ method: "GET", url: `${parts.origin}${path}`, body: "" });
  const since = parts.ran(row.owner, key);
  const started = performance.now();
  const socket = await parts.wire.socket(
    withQuery(path, attempt, presented),
    ["byward.v1"],
    headersOf(attempt, presented),
  );
  try {
    socket.send({ t: "hello", ...(presented.token === undefined ? {} : { token: presented.token }) });
    const isReady = await socket.until(() => socket.frames.some(({ t }) => t === "ready"), PATIENCE);
    if (isReady && row.kind !== "connect") {
      socket.send(messageOf(way, attempt, sample));
      await socket.until(() => socket.frames.some(({ id }) => id === ID), PATIENCE);
    }
    const last = socket.frames.find(({ id }) => id === ID) ?? errorOf(socket.frames);
    return resultOf(socket, verdictOf(socket, isReady, last), since(), performance.now() - started);
  } finally {
    socket.drop();
  }
}

function messageOf({ row }: Omit<Way, "attempt">, attempt: Attempt, sample: unknown): object {
  const name = attempt.name ?? (row.name === "*" ? UNDECLARED : row.name);
  if (row.kind === "subscribe") return { t: "subscribe", id: ID, name };
  if (row.kind === "queue") return { t: "send", id: ID, name, body: sample ?? null };
  return { t: "action", id: ID, name, args: sample ?? [] };
}

function verdictOf(socket: WireSocket, isReady: boolean, last: Frame | undefined): Verdict {
  if (socket.refusedWith > 0) return "refused";
  if (last?.["t"] === "error") {
    if (isRefusal(last["group"], last["code"])) return "refused";
    if (last["code"] === "internal_error") return "fault";
    return "turned";
  }
  if (REFUSING.has(socket.closeCode ?? 0)) return "refused";
  if (isReady) return "passed";
  return socket.isClosed ? "turned" : "broken";
}

/** Opens a raw socket. */
export async function attemptRaw(
  way: Omit<Way, "attempt">,
  attempt: Attempt,
  _sample: unknown,
  basePath: string,
  parts: WayParts,
): Promise<Result> {
  const { row, transport } = way;
  const key = attempt.key ?? SHARED_KEY;
  const path = attempt.path ?? `${basePath}/actors/${row.owner}/${key}/websocket/${attempt.name ?? SHARED_KEY}`;
  const presented = await attempt.present({ method: "GET", url: `${parts.origin}${path}`, body: "" });
  const isHello = transport === "raw-hello";
  const headers = headersOf(attempt, presented);
  if (!isHello && presented.token !== undefined) headers.push(["authorization", `Bearer ${presented.token}`]);
  const since = parts.ran(row.owner, key);
  const started = performance.now();
  const socket = await parts.wire.socket(withQuery(path, attempt, presented), isHello ? ["byward.v1"] : [], headers);
  try {
    if (isHello) {
      socket.send({ t: "hello", ...(presented.token === undefined ? {} : { token: presented.token }) });
      await socket.until(() => socket.frames.length > 0, PATIENCE);
    } else {
      await socket.until(() => socket.texts.length > 0 || since().length > 0, QUIET);
    }
    // A refusal is an error frame and a close; an application's own frame is neither.
    const refusal = socket.frames.find(({ t, group }) => t === "error" && typeof group === "string");
    if (refusal !== undefined) await socket.until(() => false, 50);
    const isReady = refusal === undefined && !socket.isClosed;
    return resultOf(socket, verdictOf(socket, isReady, refusal), since(), performance.now() - started);
  } finally {
    socket.drop();
  }
}

function headersOf(attempt: Attempt, presented: Presented): [string, string][] {
  const all: HeaderList = [...(attempt.headers ?? []), ...(presented.headers ?? [])];
  return all.map(([name, value]) => [name, value]);
}

function withQuery(path: string, { query }: Attempt, presented: Presented): string {
  const asked = presented.query ?? query;
  return asked === undefined ? path : `${path}?${asked}`;
}

function resultOf(socket: WireSocket, verdict: Verdict, ran: Result["ran"], ms: number): Result {
  const text = socket.texts.join("\n");
  const closed = socket.closeCode === null ? "" : ` close ${socket.closeCode}`;
  const status = socket.refusedWith > 0 ? socket.refusedWith : (socket.closeCode ?? 0);
  return { verdict, status, came: `${text}${closed}`, text, headers: [], ran, ms };
}
