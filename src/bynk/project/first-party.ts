/**
 * The units the toolchain brings (reference §11.5). Authors only write `consumes bynk { … }`; what is declared here has
 * its implementations in the runtime.
 */
import { parseFile } from "../syntax/parse.ts";
import { firstPartyGroup, type UnitGroup } from "./units.ts";

const bynk = `adapter bynk

exports transparent { Uuid, Method, FetchError, Request, Response }
exports capability { Clock, Random, Logger, Fetch, Secrets }

type Uuid = String where Matches("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
type Method = enum { Get, Post, Put, Delete }
type FetchError = enum { Network, Timeout }
type Request = {
  method: Method,
  url: String,
  contentType: Option[String],
  authorization: Option[String],
  body: Option[String],
}
type Response = { status: Int, body: String }

capability Clock {
  fn now() -> Effect[Instant]
}
capability Random {
  fn uuid() -> Effect[Uuid]
  fn int(lo: Int, hi: Int) -> Effect[Int]
}
capability Logger {
  fn info(msg: String) -> Effect[()]
  fn error(msg: String) -> Effect[()]
}
capability Fetch {
  fn send(req: Request) -> Effect[Result[Response, FetchError]]
}
capability Secrets {
  fn get(name: String) -> Effect[Option[String]]
}

provides Clock = SystemClock
provides Random = SystemRandom
provides Logger = SystemLogger
provides Fetch = SystemFetch
provides Secrets = SystemSecrets
`;

const sources: ReadonlyMap<string, string> = new Map([["bynk", bynk]]);

/** First-party units that later rings bring: known, and refused where they are named. */
const laterUnits: ReadonlySet<string> = new Set([
  ...["bynk.cloudflare", "bynk.list", "bynk.map", "bynk.string", "bynk.locale", "bynk.locale.types"],
]);

/** Capabilities of `bynk` that later rings bring. */
const laterCapabilities: ReadonlySet<string> = new Set(["Idempotency", "Locale", "Events"]);

export function isLaterUnit(name: string): boolean {
  return laterUnits.has(name);
}

export function isLaterCapability(unit: string, name: string): boolean {
  return unit === "bynk" && laterCapabilities.has(name);
}

/** The names of all first-party units that can be consumed or used today. */
export const firstPartyNames: readonly string[] = [...sources.keys()];

/** A parsed first-party unit. */
export function loadFirstParty(name: string): UnitGroup | undefined {
  const text = sources.get(name);
  if (text === undefined) return undefined;
  const { source, ast } = parseFile(`bynk:${name}`, text);
  return firstPartyGroup({ source, ast, place: undefined, broken: false });
}
