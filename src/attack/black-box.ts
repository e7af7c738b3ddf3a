/**
 * Owns an attack on an address: what can be tried and seen from outside, on the one entrypoint the URL names. Which code runs,
 * when credentials end and what else there is are not seen from here, and the report says so.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { MatrixRow } from "../access/matrix.ts";
import { Visitor } from "../boundary/party.ts";
import { DecodeError } from "../protocol/errors.ts";
import { type ActorPath, parseActorPath } from "../protocol/paths.ts";
import { ABSENT, assertStillThere, type Ground, isIn, mustRefuse } from "./assault.ts";
import { DEFAULT_BUDGET, noteGone, type Report } from "./attack.ts";
import { attemptHttp } from "./attempt-http.ts";
import { attemptRaw, attemptRpc } from "./attempt-socket.ts";
import { forgedTokens } from "./bad-tokens.ts";
import { Book } from "./book.ts";
import { Budget, type BudgetOptions, BudgetSpent } from "./budget.ts";
import { tryOdd } from "./checks/bodies.ts";
import { LeakWatch } from "./checks/leaks.ts";
import { tryClaims, tryCors, tryForeignPages, tryHost } from "./checks/spoofing.ts";
import { tryOtherPlaces, tryTwo } from "./checks/tokens.ts";
import { type Holder, nothing, withToken } from "./holders.ts";
import type { Transport, Way } from "./way.ts";
import { ServerGone, Wire } from "./wire.ts";

export interface UrlOptions {
  readonly budget?: Partial<BudgetOptions>;
  /** A good bearer token. */
  readonly token?: string;
  readonly step?: (what: string, at: string) => void;
}

/** Null where an address may be attacked, else why not: loopback, or the very host whose owner speaks. */
export function mayAttack(url: string, owned: string | undefined): string | null {
  if (!URL.canParse(url)) return `${url} is no URL.`;
  const { hostname, username } = new URL(url);
  if (username !== "") return "The URL holds a user name: give a token with --token.";
  if (isLoopback(hostname) || hostname === "localhost" || owned === hostname) return null;
  return `${hostname} is not this machine${owned === undefined ? "" : `, and --i-own says ${owned}`}.`;
}

function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "");
  return isIP(bare) === 4 ? bare.startsWith("127.") : bare === "::1";
}

/** Attacks what a URL names. Whether that may be done, {@link mayAttack} says. */
export async function attackUrl(target: string, options: UrlOptions = {}): Promise<Report> {
  const started = performance.now();
  const book = new Book();
  const budget = new Budget({ ...DEFAULT_BUDGET, ...options.budget });
  const url = new URL(target);
  const address = await addressOf(url.hostname);
  const leaks = new LeakWatch(book);
  const wire = new Wire(url.origin, budget, (sent, text) => leaks.read(sent, text), address);
  const ground: Ground = { wire, book, budget, known: new Map(), step: options.step ?? (() => {}) };
  let stopped: string | null = null;
  try {
    for (const way of waysOf(ground, url)) await tryWay(ground, way, options.token ?? null);
    if (ground.known.size === 0) stopped = `nothing there could be tried: ${book.notTriedAll[0]?.why}`;
    sayWhatIsNotSeen(book, options.token);
    await assertStillThere(ground);
  } catch (error) {
    if (error instanceof ServerGone) noteGone(book, target, error);
    else if (!(error instanceof BudgetSpent)) throw error;
    stopped = error.message;
  } finally {
    wire.close();
  }
  return {
    version: 1,
    target,
    mode: "url",
    findings: book.findings,
    notTried: book.notTriedAll,
    checked: book.checkedRules,
    coverage: { rows: 0, internal: 0, planned: 0, withoutCredential: 0, tried: 0, missing: [] },
    requests: budget.used,
    seconds: (performance.now() - started) / 1000,
    stopped,
  };
}

/** Looked up once. `localhost` is this machine, whatever a resolver says. */
async function addressOf(hostname: string): Promise<string> {
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (isIP(bare) !== 0) return bare;
  const { address } = await lookup(bare);
  if (bare === "localhost" && !isLoopback(address)) return "127.0.0.1";
  return address;
}

function waysOf({ wire }: Ground, url: URL): readonly Way[] {
  const path = url.pathname;
  const actor = readActorPath(path);
  const query = url.search === "" ? {} : { query: url.search.slice(1) };
  const origin = url.origin;
  const parts = { wire, origin, ran: () => () => [] };
  return shapesOf(actor, path).map(({ row, transport, method }) => {
    const entrypoint = `${row.owner} ${row.kind}${row.name === undefined ? "" : ` ${row.name}`}`;
    const way = { row, transport, entrypoint, by: Visitor, bases: [], actor: null, maxBody: 0 };
    const run = transport === "rpc" ? attemptRpc : transport === "raw" ? attemptRaw : attemptHttp;
    return {
      ...way,
      attempt: (attempt) =>
        run(way, { path, ...(method === undefined ? {} : { method }), ...query, ...attempt }, undefined, "", parts),
    };
  });
}

function readActorPath(path: string): ActorPath | null {
  try {
    return parseActorPath(path);
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

interface Shape {
  readonly row: MatrixRow;
  readonly transport: Transport;
  readonly method?: string;
}

const KINDS = {
  action: "action",
  queue: "queue",
  event: "subscribe",
  request: "request",
  websocket: "websocket",
  connect: "connect",
  actor: "create",
  unknown: "request",
} as const;
const TRANSPORTS = {
  action: "http",
  queue: "http",
  event: "sse",
  request: "http",
  websocket: "raw",
  connect: "rpc",
  actor: "http",
  unknown: "http",
} as const;

function shapesOf(actor: ActorPath | null, path: string): readonly Shape[] {
  if (actor === null)
    return [
      {
        row: { of: "service", owner: "route", kind: "http", name: `GET ${path}`, cells: {} },
        transport: "http",
        method: "GET",
      },
      {
        row: { of: "service", owner: "route", kind: "http", name: `POST ${path}`, cells: {} },
        transport: "http",
        method: "POST",
      },
    ];
  const { kind } = actor.route;
  const named = "name" in actor.route ? { name: actor.route.name } : {};
  return [
    { row: { of: "actor", owner: actor.name, kind: KINDS[kind], ...named, cells: {} }, transport: TRANSPORTS[kind] },
  ];
}

async function tryWay(ground: Ground, way: Way, token: string | null): Promise<void> {
  const { book, step } = ground;
  step("outside", way.entrypoint);
  const nobody = await way.attempt({ present: nothing });
  if (nobody.status === 0 && nobody.verdict === "broken")
    book.notTried(way.entrypoint, `nothing answers: ${nobody.came}`);
  if (nobody.verdict === "broken") return;
  if (nobody.status === 404 || nobody.status === 405 || ABSENT.has(nobody.status))
    return book.notTried(way.entrypoint, `it answers ${nobody.status}`);
  book.checked("leak.stack", "leak.path");
  const bearer: Holder | null =
    token === null ? null : { member: Visitor, base: Visitor, kind: "token", present: withToken(token) };
  const isGood = bearer !== null && isIn(await way.attempt({ present: bearer.present }));
  if (bearer !== null && !isGood) book.notTried(`with the token at ${way.entrypoint}`, "it is refused there");
  const entrant = isGood ? bearer : null;
  ground.known.set(way, { nobody, entrant, bearer: entrant, denied: null });
  await tryClaims(ground, way);
  if (way.transport === "rpc" || way.transport === "raw") await tryForeignPages(ground, way);
  else await tryCors(ground, way);
  if (isLoopback(ground.wire.url.hostname)) await tryHost(ground, way);
  if (way.row.kind === "action" || way.row.kind === "queue" || way.row.name?.startsWith("POST ") === true)
    await tryOdd(ground, way, "POST");
  if (entrant !== null) {
    await tryTwo(ground, way);
    await tryOtherPlaces(ground, way);
  }
  // Last: a server that counts failed proofs answers no one from here for a while.
  await tryForged(ground, way, token);
}

async function tryForged(ground: Ground, way: Way, token: string | null): Promise<void> {
  const { book, known } = ground;
  if (isIn(known.get(way)!.nobody)) {
    return book.notTried(
      `bad tokens at ${way.entrypoint}`,
      "who presents nothing gets in, so it is not known whether tokens are read there",
    );
  }
  for (const { rule, what, token: bad } of forgedTokens(claimsOf(token), token)) {
    const result = await mustRefuse(ground, way, rule, what, { present: withToken(bad) });
    if (result.status !== 429) continue;
    return book.notTried(
      `the rest of the bad tokens at ${way.entrypoint}`,
      "the server began to answer 429: it counts failed proofs",
    );
  }
}

/** Claims of the given token, or such as many servers would take. */
function claimsOf(token: string | null): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  const usual = { sub: "alice", iat: now, exp: now + 3600 };
  try {
    const claims: unknown = JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString());
    return typeof claims === "object" && claims !== null && !Array.isArray(claims) ? { ...usual, ...claims } : usual;
  } catch {
    return usual;
  }
}

function sayWhatIsNotSeen(book: Book, token: string | undefined): void {
  const why = "only an attack on the entry sees it: byward attack <entry>";
  if (token === undefined) book.notTried("what needs a good credential", "none was given: --token");
  book.notTried("other entrypoints, and whether all were tried", why);
  book.notTried("which code ran, what was logged, what was changed for all objects", why);
  book.notTried(
    "credentials that are expired, revoked, of another audience or party; signed deliveries and their replay",
    why,
  );
  book.notTried("connections that outlive their credential; malformed frames; floods; endless bodies", why);
}
