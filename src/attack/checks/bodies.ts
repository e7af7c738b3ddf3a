/** Owns bodies: malformed, deep, strange, of another type, and without an end. Sent by somebody who gets in. */
import { pathOfRoute } from "../../access/route-path.ts";
import { type Assault, entrantOf, type Ground, isIn, waysBy } from "../assault.ts";
import { nothing } from "../holders.ts";
import type { Attempt, Result, Way } from "../way.ts";

const DEEP = 20_000;
/** Above what the kernel's buffers on both sides take without anybody reading. */
const SURPLUS = 16 * 1_048_576;
const SLOW_MS = 5000;

type Odd = readonly [what: string, body: string | Uint8Array, type?: string];

const CBOR = "application/cbor";
const ODD: readonly Odd[] = [
  ["JSON that ends early", "[1,"],
  ["JSON nested 20000 deep", "[".repeat(DEEP) + "]".repeat(DEEP)],
  ["objects nested 20000 deep", `${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`],
  ["a number beyond doubles", "[1e999]"],
  ["a number of 50000 digits", `[${"9".repeat(50_000)}]`],
  ["a bigint of 50000 digits", `[["$BigInt","${"9".repeat(50_000)}"]]`],
  ["an unknown tag", '[["$Nope",1]]'],
  ["half of a surrogate pair", '["\\ud800"]'],
  ["a null character", '["\\u0000"]'],
  ["bytes that are not UTF-8", new Uint8Array([0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d])],
  ["null", "null"],
  ["CBOR: a list longer than memory", new Uint8Array([0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), CBOR],
  ["CBOR: bytes longer than the body", new Uint8Array([0x5b, 0, 0, 0, 1, 0, 0, 0, 0]), CBOR],
  ["CBOR: an indefinite length", new Uint8Array([0x9f, 0x01]), CBOR],
  ["CBOR: tags of tags", new Uint8Array(1000).fill(0xc0), CBOR],
  ["CBOR: nested 20000 deep", new Uint8Array(DEEP).fill(0x81), CBOR],
  ["CBOR: nothing", new Uint8Array(0), CBOR],
];

export async function tryBodies(assault: Assault): Promise<void> {
  for (const way of waysBy(assault, "http")) {
    const method = methodWithBody(way);
    if (method === null) continue;
    assault.step("bodies", way.entrypoint);
    await tryOdd(assault, way, method);
    await tryMediaType(assault, way);
    await tryEndless(assault, way, method);
  }
}

/** A method under which a body is sent; null where none is read. */
function methodWithBody({ row }: Way): string | null {
  if (row.kind === "request") return "POST";
  const method = row.kind === "http" ? row.name!.split(" ")[0]! : "POST";
  return method === "GET" ? null : row.kind === "create" ? "PUT" : method;
}

export async function tryOdd(assault: Ground, way: Way, method: string): Promise<void> {
  const { book } = assault;
  book.checked("body.fault");
  const present = entrantOf(assault, way);
  const usual = await way.attempt({ present, method });
  for (const [what, body, type = "application/json"] of ODD) {
    const attempt: Attempt = { present, method, body, headers: [["content-type", type]] };
    const result = await way.attempt(attempt);
    // Again, since a busy machine may be slow once.
    if (isFailure(result, usual) && isFailure(await way.attempt(attempt), usual))
      book.found("body.fault", way, what, result.came);
  }
}

function isFailure(result: Result, usual: Result): boolean {
  if (isLate(result)) return true;
  // A handler that fails at any input, a good one included, fails for another reason.
  return result.verdict === "fault" && usual.verdict !== "fault";
}

function isLate({ verdict, ms }: Result): boolean {
  return verdict === "broken" || ms > SLOW_MS;
}

/** Forms and plain text are what a page elsewhere can make a browser send without asking. */
async function tryMediaType(assault: Assault, way: Way): Promise<void> {
  if (way.row.kind !== "action" && way.row.kind !== "queue") return;
  const { book } = assault;
  book.checked("body.media_type");
  const present = entrantOf(assault, way);
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    const result = await way.attempt({ present, headers: [["content-type", type]] });
    const cameThrough =
      result.verdict === "passed" || result.ran.some(({ kind }) => kind === way.row.kind && kind === "action");
    if (cameThrough) book.found("body.media_type", way, `Content-Type: ${type}`, result.came);
  }
}

async function tryEndless(assault: Assault, way: Way, method: string): Promise<void> {
  const { book, wire, stage } = assault;
  book.checked("body.unbounded");
  const probe = await way.attempt({ present: entrantOf(assault, way), method });
  if (!isIn(probe)) return;
  const path = pathOf(way, stage.config.basePath);
  const presented = await entrantOf(assault, way)({ method, url: `${stage.url}${path}`, body: "" });
  const headers: [string, string][] = [
    ["content-type", "application/json"],
    ["transfer-encoding", "chunked"],
  ];
  for (const [name, value] of presented.headers ?? []) headers.push([name, value]);
  if (presented.token !== undefined) headers.push(["authorization", `Bearer ${presented.token}`]);
  const bytes = way.maxBody + SURPLUS;
  const { answer, sent } = await wire.stream({ method, path, headers, body: "[" }, bytes);
  const isRead = sent >= bytes && answer.status !== 413 && answer.status !== 401;
  if (isRead)
    book.found(
      "body.unbounded",
      way,
      `a chunked body of ${bytes} bytes`,
      `${sent} bytes were taken, then ${answer.status || answer.text}`,
    );
}

function pathOf({ row }: Way, basePath: string): string {
  if (row.kind === "http") return `${basePath}${pathOfRoute(row.name!, "alice")}`;
  const name = encodeURIComponent(row.name ?? "");
  const tails = { action: `/actions/${name}`, queue: `/queues/${name}`, request: "/request/byward-attack" };
  return `${basePath}/actors/${row.owner}/byward-attack${tails[row.kind as "action"] ?? ""}`;
}

/** Requests whose body never comes must not keep anybody else waiting. */
export async function trySlow(assault: Assault): Promise<void> {
  const way = waysBy(assault, "http").find(({ row }) => methodWithBody({ row } as Way) !== null);
  if (way === undefined) return;
  const { book, wire, stage } = assault;
  assault.step("slow", way.entrypoint);
  book.checked("flood.slow");
  const request = {
    method: methodWithBody(way)!,
    path: pathOf(way, stage.config.basePath),
    headers: [["content-type", "application/json"]] as const,
  };
  const stalled = Array.from({ length: 64 }, () => wire.stall(request));
  let result = await way.attempt({ present: nothing });
  if (isLate(result)) result = await way.attempt({ present: nothing });
  if (isLate(result)) book.found("flood.slow", way, "64 requests whose body never comes", `a good one: ${result.came}`);
  for (const end of stalled) end();
}
