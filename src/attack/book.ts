/**
 * Owns what an attack writes down while it goes: findings, each once for an entrypoint; cells that were tried, to be compared
 * with the matrix; and what was not tried, with the reason. Bounded: repeated findings are counted, not kept.
 */
import { RULES, type RuleId, type Severity } from "./rules.ts";

export interface Finding {
  readonly id: RuleId;
  readonly severity: Severity;
  readonly title: string;
  /** `chatRoom action ban`, or what else it concerns. */
  readonly entrypoint: string;
  /** `http`, `rpc`, `raw`, …; empty where there is none. */
  readonly transport: string;
  readonly sent: string;
  readonly came: string;
  readonly expected: string;
  readonly fix: string;
  readonly asvs: readonly string[];
}

export interface NotTried {
  readonly what: string;
  readonly why: string;
}

/** Characters of `sent` and `came` that are kept. */
const SHOWN = 240;

export class Book {
  readonly #findings = new Map<string, Finding>();
  readonly #notTried = new Map<string, NotTried>();
  readonly #counts = new Map<RuleId, number>();
  readonly #checked = new Set<RuleId>();

  /** Says that a rule was put to the test, found or not. */
  checked(...ids: readonly RuleId[]): void {
    for (const id of ids) this.#checked.add(id);
  }

  /** Writes a finding down; the same rule at the same entrypoint and transport is kept once. */
  found(
    id: RuleId,
    at: { readonly entrypoint: string; readonly transport?: string },
    sent: string,
    came: string,
  ): void {
    this.checked(id);
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    const { entrypoint, transport = "" } = at;
    const place = `${id}\n${entrypoint}\n${transport}`;
    if (this.#findings.has(place)) return;
    const { severity, title, expected, fix, asvs } = RULES[id];
    const finding = { id, severity, title, entrypoint, transport, sent: printable(sent), came: printable(came) };
    this.#findings.set(place, { ...finding, expected, fix, asvs });
  }

  notTried(what: string, why: string): void {
    this.#notTried.set(what, { what, why });
  }

  get findings(): readonly Finding[] {
    const order: readonly Severity[] = ["critical", "high", "medium", "low"];
    return [...this.#findings.values()].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  }

  get notTriedAll(): readonly NotTried[] {
    return [...this.#notTried.values()];
  }

  /** Rules that were put to the test, in the catalogue's order. */
  get checkedRules(): readonly RuleId[] {
    return (Object.keys(RULES) as RuleId[]).filter((id) => this.#checked.has(id));
  }
}

/** Text of a peer, so that it cannot write to a terminal or a report: one line, visible characters, cut. */
export function printable(text: string): string {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
}
