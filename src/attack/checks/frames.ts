/** Owns frames: before admission, malformed, repeated, huge; and sockets that never say who they are. */
import { type Assault, onePerActor, waysBy } from "../assault.ts";
import type { Presented } from "../holders.ts";
import type { Way } from "../way.ts";
import type { WireSocket } from "../wire.ts";

/** ms a connection has to answer or close, on a busy machine too. */
const PATIENCE = 8000;
/** Sockets that are opened at most to go past a limit. */
const MOST_SOCKETS = 1200;

type Odd = readonly [what: string, frames: readonly (string | Uint8Array)[]];

const ODD: readonly Odd[] = [
  ["a frame that is no JSON", ["{"]],
  ["a message of an unknown kind", ['{"t":"nope"}']],
  ["a message of an inherited kind", ['{"t":"constructor"}']],
  ["a message without a kind", ["{}"]],
  ["an empty batch", ["[]"]],
  ["a batch of 5000", [`[${Array.from({ length: 5000 }, () => '{"t":"unsubscribe","name":"x"}').join(",")}]`]],
  ["a second hello", ['{"t":"hello"}']],
  ["a member nobody knows", ['{"t":"action","id":9,"name":"x","args":[],"admin":true}']],
  ["an id of 0", ['{"t":"action","id":0,"name":"x","args":[]}']],
  ["an id beyond safe integers", ['{"t":"action","id":9007199254740993,"name":"x","args":[]}']],
  ["an id that is a string", ['{"t":"action","id":"9","name":"x","args":[]}']],
  ["arguments that are no list", ['{"t":"action","id":9,"name":"x","args":{}}']],
  ["a name that is a list", ['{"t":"action","id":9,"name":["x"],"args":[]}']],
  ["a frame nested 20000 deep", [`{"t":"action","id":9,"name":"x","args":${"[".repeat(20_000)}${"]".repeat(20_000)}}`]],
  ["bytes on a connection of text", [new Uint8Array([0xff, 0x00, 0xfe])]],
];

export async function tryFrames(assault: Assault): Promise<void> {
  for (const way of onePerActor(waysBy(assault, "rpc"), ({ row }) => row.kind === "connect")) {
    assault.step("frames", way.entrypoint);
    await tryEarly(assault, way);
    const entrant = assault.known.get(way)?.entrant;
    if (entrant == null) {
      assault.book.notTried(`frames on connections of ${way.row.owner}`, "nobody from outside can open one");
      continue;
    }
    const presented = await entrant.present({ method: "GET", url: "", body: "" });
    for (const odd of ODD) await tryOdd(assault, way, presented, odd);
    await tryCbor(assault, way);
    await tryHuge(assault, way, presented);
  }
  for (const way of waysBy(assault, "raw-hello")) await tryEarlyRaw(assault, way);
}

function connectPath({ stage }: Assault, { row }: Way): string {
  return `${stage.config.basePath}/actors/${row.owner}/byward-attack/connect`;
}

async function tryEarly(assault: Assault, way: Way): Promise<void> {
  const { book, stage, wire } = assault;
  book.checked("frame.early");
  const actions = [...(way.actor?.actions.keys() ?? []), "byward-attack"].slice(0, 4);
  for (const name of actions) {
    const mark = stage.witness.mark();
    const socket = await wire.socket(connectPath(assault, way), ["byward.v1"]);
    socket.send({ t: "action", id: 1, name, args: [] });
    await socket.until(() => false, 1000);
    const ran = stage.witness.since(mark, way.row.owner, "byward-attack");
    if (ran.length > 0 || socket.frames.some(({ t }) => t === "result")) {
      book.found("frame.early", way, `an action ${name} before hello`, cameTo(socket));
    }
    socket.drop();
  }
}

async function tryOdd(assault: Assault, way: Way, presented: Presented, [what, frames]: Odd): Promise<void> {
  const { book, stage } = assault;
  book.checked("frame.malformed");
  const socket = await greeted(assault, way, presented);
  const mark = stage.witness.mark();
  for (const frame of frames) socket.send(frame);
  const isAnswered = await socket.until(
    () => socket.isClosed || socket.frames.some(({ t }) => t === "error"),
    PATIENCE,
  );
  const ran = stage.witness.since(mark, way.row.owner, "byward-attack");
  if (!isAnswered || ran.length > 0) book.found("frame.malformed", way, what, cameTo(socket));
  socket.drop();
}

async function greeted({ wire, ...rest }: Assault, way: Way, presented: Presented): Promise<WireSocket> {
  const socket = await wire.socket(
    connectPath({ wire, ...rest } as Assault, way),
    ["byward.v1"],
    presented.headers ?? [],
  );
  socket.send({ t: "hello", ...(presented.token === undefined ? {} : { token: presented.token }) });
  await socket.until(() => socket.frames.some(({ t }) => t === "ready"), PATIENCE);
  return socket;
}

async function tryCbor(assault: Assault, way: Way): Promise<void> {
  const { book, wire } = assault;
  for (const bytes of [
    [0xff],
    [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    [0xbf, 0x61, 0x74],
    [0xa1, 0x61, 0x74, 0xf6],
  ]) {
    const socket = await wire.socket(connectPath(assault, way), ["byward.v1.cbor"]);
    socket.send(new Uint8Array(bytes));
    if (!(await socket.until(() => socket.isClosed, PATIENCE))) {
      book.found("frame.malformed", way, `malformed CBOR (${bytes.length} bytes)`, cameTo(socket));
    }
    socket.drop();
  }
}

async function tryHuge(assault: Assault, way: Way, presented: Presented): Promise<void> {
  const { book, stage } = assault;
  book.checked("frame.unbounded");
  const { maxIncomingMessageSize, maxOutgoingMessageSize } = stage.config.limits;
  const size = 2 * Math.max(maxIncomingMessageSize, maxOutgoingMessageSize);
  const socket = await greeted(assault, way, presented);
  socket.send(`{"t":"action","id":9,"name":"x","args":["${"x".repeat(size)}"]}`);
  if (!(await socket.until(() => socket.isClosed, PATIENCE))) {
    book.found("frame.unbounded", way, `a frame of ${size} bytes`, cameTo(socket));
  }
  socket.drop();
}

async function tryEarlyRaw(assault: Assault, way: Way): Promise<void> {
  const { book, stage, wire } = assault;
  const path = `${stage.config.basePath}/actors/${way.row.owner}/byward-attack/websocket/byward-attack`;
  const mark = stage.witness.mark();
  const socket = await wire.socket(path, ["byward.v1"]);
  socket.send("byward-attack");
  await socket.until(() => socket.isClosed, PATIENCE);
  const ran = stage.witness.since(mark, way.row.owner, "byward-attack");
  if (ran.length > 0 || !socket.isClosed) book.found("frame.early", way, "a frame before hello", cameTo(socket));
  socket.drop();
}

/** More sockets that say nothing than may be pending: others must still come in, and the surplus must not stay. */
export async function tryFlood(assault: Assault): Promise<void> {
  const [way] = onePerActor(waysBy(assault, "rpc"), ({ row }) => row.kind === "connect");
  if (way === undefined) return;
  const { book, stage, wire, budget } = assault;
  const limit = stage.config.limits.maxPendingSockets;
  const count = Math.min(limit + 16, MOST_SOCKETS);
  if (count > 200) assault.step("flood", `${count} sockets`);
  book.checked("flood.pending");
  const left = budget.left;
  if (left < count + 100) return book.notTried("a flood of pending sockets", `${left} requests are left`);
  const path = connectPath(assault, way);
  const sockets: WireSocket[] = [];
  for (let opened = 0; opened < count; opened += 50) {
    const some = Array.from({ length: Math.min(50, count - opened) }, () => wire.socket(path, ["byward.v1"]));
    sockets.push(...(await Promise.all(some)));
  }
  const countPending = (): number => sockets.filter(({ isClosed }) => !isClosed).length;
  // The last one of the surplus learns last that it is refused.
  await sockets.at(-1)!.until(() => countPending() <= limit, PATIENCE);
  const pending = countPending();
  const other = await way.attempt({ present: () => ({ token: "not.a.token" }) });
  const isOver = pending > limit;
  if (isOver || other.verdict === "broken") {
    book.found("flood.pending", way, `${count} sockets that say nothing`, `${pending} stay; another: ${other.came}`);
  }
  for (const socket of sockets) socket.drop();
}

function cameTo(socket: WireSocket): string {
  return `${socket.texts.join(" ")} ${socket.closeCode === null ? "(open)" : `close ${socket.closeCode}`}`;
}
