/**
 * Owns trying every cell of the matrix over every transport: as each party, with a good credential of it. Internal parties have
 * no credential; who claims to be one by header must get what a stranger gets.
 */
import type { MatrixRow } from "../../access/matrix.ts";
import type { Verdict as Cell } from "../../access/verdict.ts";
import { baseOf } from "../../boundary/party.ts";
import { type Assault, cameOf, isIn, type Knowledge } from "../assault.ts";
import { type Holder, nothing, type Present, withHeaders } from "../holders.ts";
import type { Result, Way } from "../way.ts";
import { isInternal } from "../ways.ts";

export async function tryCells(assault: Assault): Promise<void> {
  for (const way of assault.ways) {
    assault.step("cells", `${way.entrypoint} · ${way.transport}`);
    assault.known.set(way, await tryWay(assault, way));
  }
  assault.book.checked("matrix.wider");
}

async function tryWay(assault: Assault, way: Way): Promise<Knowledge> {
  const nobody = await way.attempt({ present: nothing });
  let entrant: Holder | null = null;
  let bearer: Holder | null = null;
  let denied: Holder | null = null;
  for (const column of assault.columns) {
    const { name } = column;
    const holder = assault.holders.get(name) ?? null;
    const isInside = baseOf(column).scheme.kind === "internal";
    const cell = expected(way.row, isInside ? "Visitor" : name);
    const result = name === "Visitor" ? nobody : await attemptAs(assault, way, holder, isInside, name);
    if (result === null) continue;
    assault.tried.add(cellKey(way, name));
    judge(assault, way, name, cell, result);
    if (holder === null) continue;
    if (isIn(result) && result.status < 500) {
      entrant = entrant === null || isBetter(result, holder, nobody) ? holder : entrant;
      if (holder.kind === "token") bearer ??= holder;
    } else if (result.verdict === "refused" && holder.kind === "token") denied ??= holder;
  }
  return { nobody, entrant, bearer, denied };
}

/** Who proved something is the better entrant: what follows is tried by somebody, not by anybody. */
function isBetter(result: Result, { kind }: Holder, nobody: Result): boolean {
  return kind === "token" && result.verdict === "passed" && !isIn(nobody);
}

async function attemptAs(
  assault: Assault,
  way: Way,
  holder: Holder | null,
  isInside: boolean,
  name: string,
): Promise<Result | null> {
  if (isInside) return way.attempt({ present: claiming(name, assault) });
  if (holder === null) {
    assault.book.notTried(
      `as ${name}`,
      "no credential of this party can be made: its secret has no name, or no usual claims satisfy it",
    );
    assault.untriable.add(cellKey(way, name));
    return null;
  }
  return way.attempt({ present: holder.present });
}

/** Headers by which another program might claim to be inside. */
function claiming(name: string, { stage }: Assault): Present {
  const other = [...stage.config.actors.keys()][0] ?? "service";
  return withHeaders(
    ["x-byward-caller", `${other}/alice`],
    ["x-byward-party", name],
    ["x-byward-channel", name.toLowerCase()],
    ["byward-caller", `${other}/alice`],
  );
}

function expected(row: MatrixRow, name: string): Cell {
  return row.cells[name] ?? "?";
}

function judge(assault: Assault, way: Way, party: string, cell: Cell, result: Result): void {
  const isDenied = cell === "401" || cell === "403";
  const ranThere = cell === "404" && result.ran.some(({ kind }) => kind === way.row.kind);
  if (!(isDenied && isIn(result)) && !ranThere) return;
  // Its credential is read here and not its own: it was overlooked, and somebody came in as nobody.
  const isOverlooked =
    cell === "401" &&
    party !== "Visitor" &&
    result.ran.length > 0 &&
    result.ran.every((ran) => ran.party === "Visitor");
  const rule = isOverlooked ? "credential.anonymous_fallback" : "matrix.wider";
  assault.book.found(rule, way, `a good request as ${party}, whom the matrix gives ${cell}`, cameOf(result));
}

export function cellKey({ entrypoint, transport }: Pick<Way, "entrypoint" | "transport">, party: string): string {
  return `${entrypoint} · ${transport} · ${party}`;
}

/** Cells that should have been tried and were not. */
export function missingCells(assault: Assault): {
  readonly planned: number;
  readonly withoutCredential: number;
  readonly missing: readonly string[];
} {
  const planned = assault.ways.flatMap((way) => assault.columns.map(({ name }) => cellKey(way, name)));
  const rows = new Set(assault.ways.map(({ row }) => row));
  const forgotten = assault.matrix.rows.filter((row) => !isInternal(row) && !rows.has(row));
  return {
    planned: planned.length,
    withoutCredential: assault.untriable.size,
    missing: [
      ...planned.filter((cell) => !assault.tried.has(cell) && !assault.untriable.has(cell)),
      ...forgotten.map(({ owner, kind, name = "" }) => `${owner} ${kind} ${name}: no way leads there`),
    ],
  };
}
