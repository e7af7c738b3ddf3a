/**
 * Owns the probed matrix: each cell that declarations leave open is tried, with several callers, keys and states, by the gate
 * itself over instances in memory. A cell whose attempts differ reads `depends`, with a witness for each verdict (ruling 30).
 * What was not tried is not claimed: a cell says what it was found under.
 */
import { partiesOf } from "../actors/gate.ts";
import { type By, baseOf } from "../boundary/party.ts";
import { writtenOf } from "../boundary/pure.ts";
import type { Credentials } from "../boundary/verify.ts";
import { type Circumstance, conditionOf, tellingFacts } from "./circumstance.ts";
import {
  columnsOf,
  type Declared,
  declaredMatrix,
  type Matrix,
  type MatrixRow,
  partiesOf as partiesOfRegistry,
} from "./matrix.ts";
import { type Finding, ProbeGround } from "./probe-attempt.ts";
import { callersOf, type Neighbours, type ProbeCaller, withClaim } from "./probe-caller.ts";
import { entryOf, type Trial, type TrialSource, targetsOf, trialsOf } from "./probe-trials.ts";
import { explainDeclared } from "./rules.ts";
import type { Member, Verdict } from "./verdict.ts";

/** One verdict of a cell, with a caller who gets it. */
export interface Witness {
  readonly verdict: Verdict;
  /** The rule that decided, in words. */
  readonly because: string;
  /** The deciding line, as `room.ts:74`, where it was found. */
  readonly at?: string;
  /** Under what it was found; absent where the declarations fix it for everybody. */
  readonly caller?: { readonly subject: string | null; readonly claims: Readonly<Record<string, unknown>> };
  readonly key?: readonly string[];
  /** The circumstance in words, such as `identity = key`. */
  readonly when?: string;
}

export interface ProbedRow extends MatrixRow {
  /** By party name, one witness for each verdict found. */
  readonly why: Readonly<Record<string, readonly Witness[]>>;
  /** By party name: claims that deciding code looked at and the caller did not hold. Other values may decide otherwise. */
  readonly reads: Readonly<Record<string, readonly string[]>>;
  /** By party name, the circumstances under which a `depends` cell lets in. */
  readonly allowedWhen: Readonly<Record<string, readonly string[]>>;
}

export interface ProbedMatrix extends Matrix {
  readonly rows: readonly ProbedRow[];
}

/** Finds where in the code a decision fell. */
export interface Tracer {
  /** Runs one decision of `code` and says where it ended; null where that is not known. */
  trace<T>(code: unknown, decide: () => Promise<T>): Promise<{ readonly result: T; readonly at: string | null }>;
}

export interface ProbeOptions {
  /** Further states to decide in, by actor name, beside the initial one. */
  readonly states?: Readonly<Record<string, unknown>>;
  readonly tracer?: Tracer;
}

/** Probes every open cell of a registry's matrix. Runs `createState`, `createVars`, connection hooks and deciders; no handler. */
export async function probeMatrix(declared: Declared, options: ProbeOptions = {}): Promise<ProbedMatrix> {
  const matrix = declaredMatrix(declared);
  const ground = await ProbeGround.open();
  try {
    const probe = new Probe(declared, ground, options);
    const columns = columnsOf(declared);
    const rows: ProbedRow[] = [];
    for (const row of matrix.rows) rows.push(await probe.row(row, columns));
    return { ...matrix, rows };
  } finally {
    await ground.close();
  }
}

class Probe {
  readonly #source: TrialSource;
  readonly #tracer: Tracer | undefined;
  readonly #neighbours: Neighbours;

  constructor(declared: Declared, ground: ProbeGround, options: ProbeOptions) {
    this.#source = { declared, ground, states: options.states ?? {} };
    this.#tracer = options.tracer;
    this.#neighbours = {
      actors: [...declared.actors.keys()],
      services: declared.services.map(({ name }) => name),
      members: partiesOfRegistry(declared),
    };
  }

  async row(row: MatrixRow, columns: readonly Member[]): Promise<ProbedRow> {
    const cells: Record<string, Verdict> = {};
    const why: Record<string, readonly Witness[]> = {};
    const reads: Record<string, readonly string[]> = {};
    const allowedWhen: Record<string, readonly string[]> = {};
    for (const column of columns) {
      const cell = await this.#cell(row, column);
      cells[column.name] = cell.verdict;
      why[column.name] = cell.witnesses;
      if (cell.reads.length > 0) reads[column.name] = cell.reads;
      if (cell.verdict === "depends") allowedWhen[column.name] = cell.allowedWhen;
    }
    return { ...row, cells, why, reads, allowedWhen };
  }

  async #cell(row: MatrixRow, column: Member): Promise<Cell> {
    const declared = row.cells[column.name]!;
    const code = this.#decider(row);
    const isOpen = declared === "?" || (declared === "404" && code !== undefined);
    if (!isOpen) return settled(declared, explainDeclared(row, this.#partiesOf(row), column, declared), []);
    const callers = await callersOf(column, this.#neighbours);
    if (callers.length === 0) return settled("?", NO_CALLER, []);
    const unheld = new Set<string>();
    const found: Found[] = [];
    for (const caller of callers)
      found.push(...(await this.#try(row, caller, circumstanceOf(caller, callers), unheld)));
    const reads = [...unheld].sort();
    // Claims that code looked at: the same caller with each of them.
    for (const claim of baseOf(column).scheme.carrier === "authorization" ? reads.slice(0, MAX_CLAIMS) : []) {
      const holder = withClaim(callers[0]!, column, claim);
      found.push(...(await this.#try(row, holder, { claims: `with claim ${claim}` }, new Set())));
    }
    return this.#conclude(found, reads, code);
  }

  async #try(
    row: MatrixRow,
    caller: ProbeCaller,
    circumstance: Circumstance,
    unheld: Set<string>,
  ): Promise<readonly Found[]> {
    const present = (by: Parameters<ProbeCaller["presentTo"]>[0]): Credentials =>
      caller.presentTo(by, (claim) => {
        if (!Object.hasOwn(caller.claims, claim)) unheld.add(claim);
      });
    const found: Found[] = [];
    for (const trial of trialsOf(this.#source, row, caller, present)) {
      const finding = await trial.run();
      found.push({ trial, finding, circumstance: { ...circumstance, ...trial.circumstance } });
    }
    return found;
  }

  async #conclude(found: readonly Found[], reads: readonly string[], code: unknown): Promise<Cell> {
    const decided = found.filter(({ finding }) => finding.verdict !== "?");
    const verdicts = [...new Set(decided.map(({ finding }) => finding.verdict))];
    // An initial state that a key does not fit says nothing, as long as another key does.
    const open = found.filter(({ finding }) => finding.verdict === "?" && !finding.because.startsWith(NO_STATE));
    const unknown = open[0] ?? (decided.length === 0 ? found[0] : undefined);
    if (found.length === 0) return settled("?", "it has no way to be tried", reads);
    const facts = tellingFacts(decided, ({ circumstance, finding }) => [circumstance, finding.verdict]);
    const witnesses: Witness[] = [];
    for (const verdict of verdicts) {
      const one = decided.find(({ finding }) => finding.verdict === verdict)!;
      witnesses.push(await this.#witness(one, code, conditionOf(one.circumstance, facts)));
    }
    if (unknown !== undefined) witnesses.push(await this.#witness(unknown, code, ""));
    const letIn = decided.filter(({ finding }) => finding.verdict === "allow" || finding.verdict === "404");
    return {
      verdict: verdicts.length > 1 ? "depends" : unknown !== undefined ? "?" : verdicts[0]!,
      witnesses,
      reads,
      allowedWhen: [...new Set(letIn.map(({ circumstance }) => conditionOf(circumstance, facts)))].sort(),
    };
  }

  async #witness({ trial, finding }: Found, code: unknown, when: string): Promise<Witness> {
    const traced = code === undefined ? undefined : await this.#tracer?.trace(code, () => trial.run());
    // Code that decides differently the second time has no one line to show.
    const at = traced?.result.verdict === finding.verdict ? traced.at : null;
    const { subject, claims } = trial.caller;
    return {
      verdict: finding.verdict,
      because: finding.because,
      ...(at === null ? {} : { at }),
      caller: { subject, claims: { ...claims } },
      ...(trial.key.length === 0 ? {} : { key: trial.key }),
      ...(when === "" ? {} : { when }),
    };
  }

  /** The parties of a row; null where it has none of its own. */
  #partiesOf(row: MatrixRow): By | null {
    const { declared } = this.#source;
    if (row.of === "service") {
      return entryOf(declared.services.find(({ name }) => name === row.owner)!, row)?.by ?? null;
    }
    if (row.kind === "connect") return null;
    const compiled = declared.actors.get(row.owner)!;
    const [first] = targetsOf(row);
    return first === undefined ? compiled.by : partiesOf(compiled, first.target);
  }

  /** The code that decides a row beyond its parties. */
  #decider(row: MatrixRow): unknown {
    const { declared } = this.#source;
    if (row.of === "service") {
      return writtenOf(declared.services.find(({ name }) => name === row.owner)?.config.canInvoke);
    }
    const { config } = declared.actors.get(row.owner)!;
    if (row.kind === "connect") return undefined;
    return row.kind === "create" ? config.canCreate : writtenOf(config.canInvoke);
  }
}

const MAX_CLAIMS = 4;
const NO_STATE = "its state could not be made";
const NO_CALLER = "no caller of this party was found that its schema and predicate accept";

interface Found {
  readonly trial: Trial;
  readonly finding: Finding;
  readonly circumstance: Circumstance;
}

interface Cell {
  readonly verdict: Verdict;
  readonly witnesses: readonly Witness[];
  readonly reads: readonly string[];
  readonly allowedWhen: readonly string[];
}

function settled(verdict: Verdict, because: string, reads: readonly string[]): Cell {
  return { verdict, witnesses: [{ verdict, because }], reads, allowedWhen: [] };
}

function circumstanceOf(caller: ProbeCaller, callers: readonly ProbeCaller[]): Circumstance {
  const own = JSON.stringify(caller.claims);
  const differs = callers.some(({ claims }) => JSON.stringify(claims) !== own);
  return {
    ...(caller.subject === null ? {} : { caller: `as ${caller.subject}` }),
    ...(differs ? { claims: `with claims ${Object.keys(caller.claims).join(" and ")}` } : {}),
  };
}
