/**
 * Owns what outlives its credential: connections, raw sockets and streams that were opened with a token which then ends, by its
 * time or by revocation. Runs beside the other checks, since it has to wait.
 */
import { type Assault, onePerActor, waysBy } from "../assault.ts";
import { expectsOf, type Holder } from "../holders.ts";
import type { Way } from "../way.ts";
import type { WireSocket } from "../wire.ts";

/** ms a lease has to end after its credential has. */
const GRACE = 1500;
/** ms more that a busy machine has for it: what outlives its credential for good is what is looked for. */
const PATIENCE = 4000;
/** ms a token lives on, so that there is time to open what it opens. */
const LIFE = 2000;
const KEY = "byward-attack-lease";

/** Opened with a credential that ends. */
interface Held {
  readonly way: Way;
  isOver(): boolean;
  came(): string;
  end(): void;
}

export async function tryLeases(assault: Assault): Promise<void> {
  assault.book.checked("lease.late");
  const { skew } = assault.stage.config;
  const held: Held[] = [];
  // exp is in whole seconds, and the gate allows for skew: what matters is when exp + skew comes.
  const exp = Math.ceil((Date.now() + LIFE - skew) / 1000);
  for (const { way, holder } of standing(assault)) {
    const claims = { exp, iat: exp - 60 };
    const token = await assault.stage.mint.token(holder.member, { claims });
    held.push(await hold(assault, way, token));
  }
  const ends = exp * 1000 + skew;
  await sleep(Math.max(0, ends - Date.now()) + GRACE);
  await allOver(held);
  for (const one of held) {
    if (!one.isOver())
      assault.book.found("lease.late", one.way, `a token that ended ${GRACE} ms ago, and what it opened`, one.came());
    one.end();
  }
}

export async function tryRevocation(assault: Assault): Promise<void> {
  const { book, stage } = assault;
  const places = standing(assault);
  if (places.length === 0) return;
  book.checked("lease.revoked");
  const held: (Held & { readonly token: string })[] = [];
  for (const [index, { way, holder }] of places.entries()) {
    const tokenId = `byward-attack-${index}`;
    const token = await stage.mint.token(holder.member, { tokenId });
    held.push({ ...(await hold(assault, way, token)), token });
    await stage.registry.revoke({ jti: tokenId });
  }
  await sleep(GRACE);
  await allOver(held);
  for (const one of held) {
    if (!one.isOver()) book.found("lease.revoked", one.way, "a revoked token, and what it opened", one.came());
    one.end();
    const again = await one.way.attempt({ present: () => ({ token: one.token }), key: KEY });
    if (again.verdict === "passed") book.found("lease.revoked", one.way, "a revoked token, used again", again.came);
  }
}

/** One way of each kind that stands open, for each actor, with somebody who gets in by token. */
function standing(assault: Assault): readonly { readonly way: Way; readonly holder: Holder }[] {
  const isTimed = (way: Way): boolean => {
    const holder = assault.known.get(way)?.bearer;
    return holder != null && expectsOf(holder.base) !== null;
  };
  const kinds = [
    waysBy(assault, "rpc").filter(({ row }) => row.kind === "connect"),
    waysBy(assault, "raw"),
    waysBy(assault, "raw-hello"),
    waysBy(assault, "sse"),
  ];
  return kinds
    .flatMap((ways) => onePerActor(ways, isTimed))
    .map((way) => ({ way, holder: assault.known.get(way)!.bearer! }));
}

async function hold(assault: Assault, way: Way, token: string): Promise<Held> {
  const { wire, stage } = assault;
  const actor = `${stage.config.basePath}/actors/${way.row.owner}/${KEY}`;
  if (way.transport === "sse") {
    const stream = wire.follow({
      method: "GET",
      path: `${actor}/events/${encodeURIComponent(way.row.name === "*" ? "any" : way.row.name!)}`,
      headers: [["authorization", `Bearer ${token}`]],
    });
    return { way, isOver: () => stream.isOver(), came: () => stream.text(), end: () => stream.end() };
  }
  const socket = await openSocket(assault, way, actor, token);
  return {
    way,
    isOver: () => socket.isClosed,
    came: () => `still open; ${socket.texts.at(-1) ?? ""}`,
    end: () => socket.drop(),
  };
}

async function openSocket({ wire }: Assault, { transport }: Way, actor: string, token: string): Promise<WireSocket> {
  if (transport === "raw") {
    const socket = await wire.socket(`${actor}/websocket/byward-attack`, [], [["authorization", `Bearer ${token}`]]);
    return socket;
  }
  const path = transport === "rpc" ? "connect" : "websocket/byward-attack";
  const socket = await wire.socket(`${actor}/${path}`, ["byward.v1"]);
  socket.send({ t: "hello", token });
  await socket.until(() => socket.frames.length > 0, 2000);
  return socket;
}

async function allOver(held: readonly Held[]): Promise<void> {
  const until = performance.now() + PATIENCE;
  while (held.some((one) => !one.isOver()) && performance.now() < until) await sleep(50);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
