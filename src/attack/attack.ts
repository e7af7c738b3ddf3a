/**
 * Owns an attack on a registry from the first request to the report. The order: cells first, since they show who gets in; what
 * rests on that; floods last. What waits for credentials to end runs beside the rest.
 *
 *   serve → cells → tokens → deliveries → claims → origins → names → paths → bodies → frames → existence → log → floods → report
 */
import { existsSync } from "node:fs";
import { type AccessLock, compareLocks, lockOf } from "../access/lock.ts";
import type { Matrix } from "../access/matrix.ts";
import { probeMatrix } from "../access/probe.ts";
import type { Registry } from "../registry/registry.ts";
import { type Assault, assertStillThere } from "./assault.ts";
import { Book, type Finding, type NotTried } from "./book.ts";
import { Budget, type BudgetOptions, BudgetSpent } from "./budget.ts";
import { tryBodies, trySlow } from "./checks/bodies.ts";
import { missingCells, tryCells } from "./checks/cells.ts";
import { tryDeliveries } from "./checks/deliveries.ts";
import { tryExistence } from "./checks/existence.ts";
import { tryFlood, tryFrames } from "./checks/frames.ts";
import { LeakWatch, readLog, tryLogInjection } from "./checks/leaks.ts";
import { tryLeases, tryRevocation } from "./checks/leases.ts";
import { tryNames, tryPaths, tryPollution } from "./checks/names.ts";
import { tryObjects } from "./checks/objects.ts";
import { tryOrigins, trySpoofing } from "./checks/spoofing.ts";
import { tryTokens } from "./checks/tokens.ts";
import type { Holder } from "./holders.ts";
import type { RuleId } from "./rules.ts";
import { columnsOn, openStage, type Stage } from "./stage.ts";
import type { Samples } from "./way.ts";
import { isInternal, waysOf } from "./ways.ts";
import { ServerGone, Wire } from "./wire.ts";

export interface AttackOptions {
  /** The matrix that is held against what happens; default: probed. */
  readonly matrix?: Matrix;
  /** What was agreed to about access; absent: not compared. */
  readonly lock?: AccessLock | null;
  readonly samples?: Samples;
  readonly budget?: Partial<BudgetOptions>;
  /** Only these families of checks, beside the cells; default all. */
  readonly only?: readonly Family[];
  readonly step?: (what: string, at: string) => void;
}

export const FAMILIES = [
  "tokens",
  "deliveries",
  "claims",
  "origins",
  "names",
  "bodies",
  "frames",
  "leases",
  "existence",
  "log",
  "floods",
] as const;
export type Family = (typeof FAMILIES)[number];

export interface Report {
  readonly version: 1;
  readonly target: string;
  readonly mode: "entry" | "url";
  readonly findings: readonly Finding[];
  readonly notTried: readonly NotTried[];
  /** Rules that were put to the test. */
  readonly checked: readonly RuleId[];
  /** Cells of the matrix over transports; `missing` is empty where each was tried. */
  readonly coverage: {
    readonly rows: number;
    readonly internal: number;
    readonly planned: number;
    /** Cells of parties that no credential could be made for. */
    readonly withoutCredential: number;
    readonly tried: number;
    readonly missing: readonly string[];
  };
  readonly requests: number;
  readonly seconds: number;
  /** Why it ended early; null where it did not. */
  readonly stopped: string | null;
}

export const DEFAULT_BUDGET: BudgetOptions = { requests: 40_000, seconds: 180 };

/** Attacks a registry that nothing has started yet: serves it on loopback, in a data directory of its own, with test secrets. */
export async function attackRegistry(name: string, registry: Registry, options: AttackOptions = {}): Promise<Report> {
  const started = performance.now();
  const matrix = options.matrix ?? (await probeMatrix(registry.config));
  const book = new Book();
  const budget = new Budget({ ...DEFAULT_BUDGET, ...options.budget });
  compareWithLock(book, matrix, options.lock ?? null);
  const stage = await openStage(registry);
  let stopped: string | null = null;
  let assault: Assault | null = null;
  let gone: ServerGone | null = null;
  try {
    assault = await approach(stage, matrix, book, budget, options);
    await run(assault, options.only ?? FAMILIES);
    await assertStillThere(assault);
  } catch (error) {
    if (error instanceof ServerGone) gone = error;
    else if (!(error instanceof BudgetSpent)) throw error;
    stopped = error.message;
  } finally {
    assault?.wire.close();
    await stage.close();
  }
  for (const crash of stage.crashes) book.found("server.crashed", { entrypoint: name }, "what was sent before", crash);
  if (gone !== null) noteGone(book, name, gone);
  const { planned, withoutCredential, missing } = missingCells(assault!);
  return {
    version: 1,
    target: name,
    mode: "entry",
    findings: book.findings,
    notTried: book.notTriedAll,
    checked: book.checkedRules,
    coverage: {
      rows: matrix.rows.length,
      internal: matrix.rows.filter(isInternal).length,
      planned,
      withoutCredential,
      tried: planned - withoutCredential - missing.length,
      missing,
    },
    requests: budget.used,
    seconds: (performance.now() - started) / 1000,
    stopped,
  };
}

/** A server that is gone was brought down by something; one that never answered is only not there. */
export function noteGone(book: Book, entrypoint: string, { after, message }: ServerGone): void {
  if (after !== null) book.found("server.crashed", { entrypoint }, `last answered: ${after}`, message);
}

async function approach(
  stage: Stage,
  matrix: Matrix,
  book: Book,
  budget: Budget,
  options: AttackOptions,
): Promise<Assault> {
  const leaks = new LeakWatch(book);
  const wire = new Wire(stage.url, budget, (sent, text) => leaks.read(sent, text));
  leaks.lookFor({ secrets: stage.secrets, paths: [stage.dataDir, process.cwd()].filter((path) => existsSync(path)) });
  const origin = stage.config.publicUrl ?? stage.url;
  const ran = (owner: string, key: string) => {
    const mark = stage.witness.mark();
    return () => stage.witness.since(mark, owner, key);
  };
  const columns = columnsOn(stage);
  const holders = new Map<string, Holder>();
  for (const column of columns) {
    const holder = await stage.mint.holderOf(column);
    if (holder !== null) holders.set(column.name, holder);
  }
  noteWhatWasLifted(stage, book);
  book.checked("leak.stack", "leak.path", "leak.secret", "server.crashed");
  const ways = waysOf(stage.config, matrix.rows, options.samples ?? {}, { wire, origin, ran });
  const step = options.step ?? (() => {});
  return {
    stage,
    wire,
    book,
    budget,
    matrix,
    ways,
    columns,
    holders,
    tried: new Set(),
    untriable: new Set(),
    known: new Map(),
    step,
  };
}

async function run(assault: Assault, families: readonly Family[]): Promise<void> {
  const has = (family: Family): boolean => families.includes(family);
  await tryCells(assault);
  await tryObjects(assault);
  const waiting = has("leases") ? tryLeases(assault) : Promise.resolve();
  // What it may reject with is met below; until then nobody listens.
  waiting.catch(() => {});
  if (has("tokens")) await tryTokens(assault);
  if (has("deliveries")) await tryDeliveries(assault);
  if (has("claims")) await trySpoofing(assault);
  if (has("origins")) await tryOrigins(assault);
  if (has("names")) {
    await tryNames(assault);
    await tryPaths(assault);
    await tryPollution(assault);
  }
  if (has("bodies")) await tryBodies(assault);
  if (has("frames")) await tryFrames(assault);
  if (has("existence")) await tryExistence(assault);
  if (has("log")) await tryLogInjection(assault);
  await waiting;
  if (has("leases")) await tryRevocation(assault);
  if (has("floods")) {
    await trySlow(assault);
    await tryFlood(assault);
  }
  if (has("log")) readLog(assault);
}

function compareWithLock(book: Book, matrix: Matrix, lock: AccessLock | null): void {
  if (lock === null) return;
  book.checked("access.widened");
  for (const { direction, sentence, entrypoint, party, from, to } of compareLocks(lock, lockOf(matrix))) {
    if (direction === "widened")
      book.found("access.widened", { entrypoint }, `the matrix as ${party}`, `${sentence}: ${from} → ${to}`);
  }
}

function noteWhatWasLifted({ declared }: Stage, book: Book): void {
  book.checked("guessing.unlimited");
  if (Number.isFinite(declared.maxFailedAuthentications)) {
    book.notTried(
      "the limit of failed proofs",
      `it was lifted for the attack; declared: ${declared.maxFailedAuthentications} a minute and address`,
    );
  } else {
    book.found(
      "guessing.unlimited",
      { entrypoint: "setup({ limits })" },
      "the configuration",
      "maxFailedAuthentications: Infinity",
    );
  }
  if (declared.hasRates) book.notTried("rate rules", "those of the registry and of routes were lifted for the attack");
  book.notTried(
    "timeouts of slow headers and bodies",
    "they are longer than an attack waits; that others are served meanwhile was tried",
  );
}
