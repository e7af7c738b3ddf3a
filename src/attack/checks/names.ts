/** Owns names and paths: those every object inherits, and those that are read differently from how they are written. */
import { pathOfRoute } from "../../access/route-path.ts";
import { type Assault, cameOf, entrantOf, isIn } from "../assault.ts";
import { nothing, type Present } from "../holders.ts";
import { type Result, SHARED_KEY, UNDECLARED, type Way } from "../way.ts";
import type { HeaderList } from "../wire.ts";

const INHERITED = ["constructor", "__proto__", "toString", "hasOwnProperty", "prototype"];

export async function tryNames(assault: Assault): Promise<void> {
  for (const way of assault.ways) {
    if (!takesAnyName(way)) continue;
    assault.step("names", `${way.entrypoint} · ${way.transport}`);
    assault.book.checked("name.prototype");
    for (const present of presentersOf(assault, way)) {
      const unknown = await way.attempt({ present, name: UNDECLARED });
      if (isOpen(unknown)) continue;
      for (const name of INHERITED) {
        const result = await way.attempt({ present, name });
        if (isOpen(result))
          assault.book.found("name.prototype", way, `the name ${name} in place of one nobody declared`, cameOf(result));
      }
    }
  }
}

function takesAnyName({ row }: Way): boolean {
  return row.name === "*" || row.kind === "request" || (row.kind === "http" && row.name!.includes("/:"));
}

/** A 5xx means that something was found and called. */
function isOpen({ verdict, status }: Result): boolean {
  return verdict === "passed" || verdict === "fault" || (status > 0 && status < 400);
}

function presentersOf(assault: Assault, way: Way): readonly Present[] {
  const entrant = entrantOf(assault, way);
  return entrant === nothing ? [nothing] : [nothing, entrant];
}

export async function tryPaths(assault: Assault): Promise<void> {
  for (const way of assault.ways) {
    if (way.transport === "rpc" || way.transport === "raw-hello") continue;
    assault.step("paths", `${way.entrypoint} · ${way.transport}`);
    assault.book.checked("path.confusion");
    const present = entrantOf(assault, way);
    if (!isIn(await way.attempt({ present }))) continue;
    const paths = confusingPaths(way, assault.stage.config.basePath);
    if (way.transport === "raw") {
      await trySocketPaths(assault, way, paths);
      continue;
    }
    for (const path of paths) {
      const result = await way.attempt({ present, path });
      if (result.ran.length > 0 || result.verdict === "passed") {
        assault.book.found("path.confusion", way, path, cameOf(result));
      }
    }
  }
}

/** ms a socket under a confusing path has to reach a handler. */
const SOCKET_MS = 100;

async function trySocketPaths(assault: Assault, way: Way, paths: readonly string[]): Promise<void> {
  const { book, stage, wire } = assault;
  const { token, headers = [] } = await entrantOf(assault, way)({ method: "GET", url: "", body: "" });
  const presented: HeaderList = token === undefined ? headers : [...headers, ["authorization", `Bearer ${token}`]];
  for (const path of paths) {
    const mark = stage.witness.mark();
    const { text } = await wire.upgrade(path, presented, SOCKET_MS);
    if (stage.witness.since(mark, way.row.owner, SHARED_KEY).length > 0) book.found("path.confusion", way, path, text);
  }
}

/** Spellings that a router which normalises or decodes twice would take for the entrypoint's own path. */
function confusingPaths({ row, actor }: Way, basePath: string): readonly string[] {
  if (actor === null) {
    const path = pathOfRoute(row.name!, "alice");
    return ["/x/..", "/.", "/%2e%2e", "/x/%2E%2E"]
      .map((prefix) => `${basePath}${prefix}${path}`)
      .concat(`${basePath}/x\\..${path}`);
  }
  const own = `${basePath}/actors/${row.owner}`;
  const name = encodeURIComponent(row.name === "*" ? UNDECLARED : (row.name ?? ""));
  const rest = {
    action: `actions/${name}`,
    queue: `queues/${name}`,
    subscribe: `events/${name}`,
    request: `request/${SHARED_KEY}`,
    websocket: `websocket/${SHARED_KEY}`,
  }[row.kind as "action"];
  const tail = rest === undefined ? "" : `/${rest}`;
  const key = SHARED_KEY;
  const paths = [
    `${own}/x/../${key}${tail}`,
    `${own}/./${key}${tail}`,
    `${own}/x/%2e%2e/${key}${tail}`,
    `${own}/%2E/${key}${tail}`,
    `${basePath}/x/../actors/${row.owner}/${key}${tail}`,
    `${basePath}/actors%2F${row.owner}%2F${key}${tail}`,
    `${own}\\${key}${tail}`,
    `${basePath}//actors/${row.owner}/${key}${tail}`,
    `${basePath}/ACTORS/${row.owner}/${key}${tail}`,
  ];
  if (rest === undefined) return paths;
  const deep =
    row.kind === "request" || row.kind === "websocket" ? [] : [`${own}/${key}/${rest}/`, `${own}/${key}/${rest}%00`];
  return [...paths, `${own}/${key}%2F${rest.replace("/", "%2F")}`, `${own}/${key}/x/../${rest}`, ...deep];
}

/** Only seen where the attacked code runs in this process. */
export async function tryPollution(assault: Assault): Promise<void> {
  const mark = "bywardAttackPolluted";
  const bodies = [`{"__proto__":{"${mark}":1}}`, `{"constructor":{"prototype":{"${mark}":1}}}`];
  assault.book.checked("name.pollution");
  for (const way of assault.ways) {
    if (way.transport !== "http") continue;
    for (const body of bodies) {
      const wrapped =
        { action: `[${body}]`, queue: `{"body":${body}}`, create: `{"input":${body}}` }[way.row.kind as "action"] ??
        body;
      const method = way.row.kind === "request" ? { method: "POST" } : {};
      await way.attempt({ present: entrantOf(assault, way), body: wrapped, ...method });
      if (mark in {}) {
        Reflect.deleteProperty(Object.prototype, mark);
        assault.book.found("name.pollution", way, body, `Object.prototype.${mark} is set`);
      }
    }
  }
}
