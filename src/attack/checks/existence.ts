/**
 * Owns what those who are denied can tell of actors that exist: by the answer, and by the time it takes. Times are compared by
 * their medians and their shortest, with a wide margin and in several rounds, so that a busy machine is not taken for a leak.
 */
import { type Assault, isIn, onePerActor, waysBy } from "../assault.ts";
import { nothing, type Present } from "../holders.ts";
import type { Result, Way } from "../way.ts";

const EXISTING = "byward-attack-existing";
const MISSING = "byward-attack-missing";
const ROUNDS = 3;
const SAMPLES = 9;
/**
 * ms and factor that both the medians and the shortest times must differ by, in every round. A look into the store for a key
 * that is not in memory takes another thread, and on a busy machine several ms.
 */
const LEAST_MS = 25;
const LEAST_FACTOR = 3;

export async function tryExistence(assault: Assault): Promise<void> {
  const creators = onePerActor(waysBy(assault, "http"), ({ row }) => row.kind === "create");
  for (const creator of creators) {
    const { entrant } = assault.known.get(creator)!;
    const { owner } = creator.row;
    if (entrant === null) {
      assault.book.notTried(`existence of ${owner}`, "nobody from outside can make one to compare with");
      continue;
    }
    const made = await creator.attempt({ present: entrant.present, key: EXISTING });
    if (made.verdict !== "passed") {
      assault.book.notTried(`existence of ${owner}`, `none could be made to compare with: ${made.came}`);
      continue;
    }
    for (const way of waysBy(assault, "http", "sse")) {
      if (way.row.owner !== owner || way.row.kind === "create") continue;
      assault.step("existence", way.entrypoint);
      await tryWay(assault, way);
    }
  }
}

async function tryWay(assault: Assault, way: Way): Promise<void> {
  const { nobody, denied } = assault.known.get(way)!;
  const deniedOnes: readonly Present[] = [
    ...(isIn(nobody) ? [] : [nothing]),
    ...(denied === null ? [] : [denied.present]),
  ];
  for (const present of deniedOnes) {
    for (const headers of [[], [["byward-mode", "get"]]] as const) {
      if (await tellsApart(assault, way, present, headers)) return;
    }
    await timesApart(assault, way, present);
  }
}

async function tellsApart(
  assault: Assault,
  way: Way,
  present: Present,
  headers: readonly (readonly [string, string])[],
): Promise<boolean> {
  assault.book.checked("leak.existence");
  const existing = await way.attempt({ present, headers, key: EXISTING });
  const missing = await way.attempt({ present, headers, key: `${MISSING}-${assault.budget.used}` });
  if (shape(existing) === shape(missing)) return false;
  assault.book.found(
    "leak.existence",
    way,
    "the key of an actor that exists, and one of none",
    `${existing.came} / ${missing.came}`,
  );
  return true;
}

/** An answer without what differs every time. */
function shape({ status, text, headers }: Result): string {
  const names = headers.map(([name, value]) => (CHANGING.has(name) ? name : `${name}: ${value}`)).sort();
  return JSON.stringify([status, text.replace(/"correlationId":"[^"]*"/, ""), names]);
}

const CHANGING: ReadonlySet<string> = new Set(["date", "byward-correlation-id", "content-length", "etag"]);

async function timesApart(assault: Assault, way: Way, present: Present): Promise<void> {
  assault.book.checked("leak.existence_timing");
  const seen: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const existing: number[] = [];
    const missing: number[] = [];
    for (let sample = 0; sample < SAMPLES; sample++) {
      existing.push((await way.attempt({ present, key: EXISTING })).ms);
      missing.push((await way.attempt({ present, key: `${MISSING}-${assault.budget.used}` })).ms);
    }
    const [one, two] = [median(existing), median(missing)];
    const isApart = areApart(one, two) && areApart(Math.min(...existing), Math.min(...missing));
    if (!isApart) return;
    seen.push(`${one.toFixed(1)} ms / ${two.toFixed(1)} ms`);
  }
  assault.book.found(
    "leak.existence_timing",
    way,
    "the key of an actor that exists, and one of none",
    `medians ${seen.join(", ")}`,
  );
}

function areApart(one: number, two: number): boolean {
  return Math.abs(one - two) > LEAST_MS && Math.max(one, two) > LEAST_FACTOR * Math.min(one, two);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
