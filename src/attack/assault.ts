/**
 * Owns what all checks share: the ways in, who can come, what was found so far, and for each way who gets in and what those get
 * who present nothing. The cells of the matrix are tried first and fill that in.
 */
import type { Matrix } from "../access/matrix.ts";
import type { Member } from "../access/verdict.ts";
import type { Book } from "./book.ts";
import type { Budget } from "./budget.ts";
import { type Holder, nothing, type Present } from "./holders.ts";
import type { RuleId } from "./rules.ts";
import type { Stage } from "./stage.ts";
import type { Attempt, Result, Way } from "./way.ts";
import type { Wire } from "./wire.ts";

/** What is known of a way once its cells were tried. */
export interface Knowledge {
  /** What those get who present nothing. */
  readonly nobody: Result;
  /** Somebody who gets in. */
  readonly entrant: Holder | null;
  /** Somebody with a token who gets in. */
  readonly bearer: Holder | null;
  /** Somebody who is proved, and denied. */
  readonly denied: Holder | null;
}

/** What an attack from outside has. */
export interface Ground {
  readonly wire: Wire;
  readonly book: Book;
  readonly budget: Budget;
  readonly known: Map<Way, Knowledge>;
  /** Says how far it is. */
  readonly step: (what: string, at: string) => void;
}

/** What an attack has that holds the definitions, too. */
export interface Assault extends Ground {
  readonly stage: Stage;
  readonly matrix: Matrix;
  readonly ways: readonly Way[];
  readonly columns: readonly Member[];
  readonly holders: ReadonlyMap<string, Holder>;
  /** Cells that were tried, by row, party and transport. */
  readonly tried: Set<string>;
  /** Cells of parties that no credential could be made for. */
  readonly untriable: Set<string>;
}

/** True where somebody came in: a handler ran, or the answer is one that only follows the gate. */
export function isIn(result: Result): boolean {
  if (result.ran.length > 0 || result.verdict === "passed") return true;
  return result.verdict === "turned" && PAST_THE_GATE.has(result.status);
}

/** Statuses for payloads: they are looked at behind the gate. */
const PAST_THE_GATE: ReadonlySet<number> = new Set([400, 409, 413, 415, 422]);

/** Tries one thing that must be refused; writes it down where somebody comes in. */
export async function mustRefuse(
  assault: Pick<Ground, "book" | "known">,
  way: Way,
  rule: RuleId,
  what: string,
  attempt: Attempt,
): Promise<Result> {
  const result = await way.attempt(attempt);
  assault.book.checked(rule);
  if (isIn(result)) assault.book.found(nameHole(assault, way, rule, result), way, what, cameOf(result));
  return result;
}

/** A bad credential that got in as a visitor was not believed: it was overlooked, which is another hole. */
export function nameHole(assault: Pick<Ground, "known">, way: Way, rule: RuleId, { ran }: Result): RuleId {
  const isCredential = /^(?:token|delivery|credential\.two)/.test(rule);
  const isVisitor =
    ran.length > 0 ? ran.every(({ party }) => party === "Visitor") : isIn(assault.known.get(way)!.nobody);
  return isCredential && isVisitor ? "credential.anonymous_fallback" : rule;
}

/** What came, with what ran. */
export function cameOf({ came, ran }: Result): string {
  if (ran.length === 0) return came;
  const [{ kind, name, party }] = ran as readonly [Result["ran"][number]];
  return `${came} (ran ${[kind, name].filter((part) => part !== "").join(" ")} for ${party === "" ? "nobody" : party})`;
}

/** Whoever gets in, else nobody in particular. */
export function entrantOf(assault: Pick<Ground, "known">, way: Way): Present {
  return assault.known.get(way)?.entrant?.present ?? nothing;
}

/** A server that cannot do its work, or what stands before it in its place. */
export const ABSENT: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * What answered at first must answer at the end: refusals of a server that is gone would look like those of its gate. Twice,
 * since a connection that was kept may be the one that just broke.
 *
 * @throws ServerGone
 */
export async function assertStillThere({ known, wire }: Pick<Ground, "known" | "wire">): Promise<void> {
  const way = [...known.keys()].find(({ transport }) => transport === "http") ?? [...known.keys()][0];
  if (way === undefined || ABSENT.has(known.get(way)!.nobody.status)) return;
  let result = await way.attempt({ present: nothing });
  if (result.verdict === "broken") result = await way.attempt({ present: nothing });
  if (result.verdict === "broken" || ABSENT.has(result.status)) throw wire.gone(cameOf(result));
}

/** Ways of one kind of transport whose cells were tried. */
export function waysBy(assault: Assault, ...transports: readonly Way["transport"][]): readonly Way[] {
  return assault.ways.filter(({ transport }) => transports.includes(transport));
}

/** The first way of each actor that fits. */
export function onePerActor(ways: readonly Way[], fits: (way: Way) => boolean = () => true): readonly Way[] {
  const seen = new Set<string>();
  return ways.filter((way) => {
    if (way.actor === null || seen.has(way.row.owner) || !fits(way)) return false;
    seen.add(way.row.owner);
    return true;
  });
}
