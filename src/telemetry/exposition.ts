/**
 * Owns the text format of Prometheus, version 0.0.4: a family each with its help and type, label values escaped as the format
 * demands, so that no name begins a line of its own.
 */
import type { Tally } from "./tally.ts";

type Labels = Readonly<Record<string, string>>;

export function exposition(tally: Tally): string {
  const page = new Page();
  const { actors, connections, leaseEnds } = tally.levels();

  page.family("byward_decisions_total", "counter", "Decisions of the gate.");
  for (const { shape, count } of tally.counts()) page.sample("byward_decisions_total", { ...shape }, count);

  page.family("byward_decision_duration_seconds", "histogram", "Time from arrival to decision.");
  for (const { kind, outcome, counts, sum, count } of tally.histograms()) {
    let below = 0;
    for (const [at, inBucket] of counts.entries()) {
      below += inBucket;
      const le = String(tally.bounds[at] ?? "+Inf");
      page.sample("byward_decision_duration_seconds_bucket", { kind, outcome, le }, below);
    }
    page.sample("byward_decision_duration_seconds_sum", { kind, outcome }, sum);
    page.sample("byward_decision_duration_seconds_count", { kind, outcome }, count);
  }

  page.family("byward_leases_ended_total", "counter", "Leases that ended, by cause.");
  for (const [cause, count] of Object.entries(leaseEnds)) page.sample("byward_leases_ended_total", { cause }, count);

  page.family("byward_connections", "gauge", "Open connections.");
  for (const level of connections) page.sample("byward_connections", pick(level), level.connections);
  page.family("byward_leases", "gauge", "Connections whose credential ends at a known time.");
  for (const level of connections) page.sample("byward_leases", pick(level), level.leased);
  page.family("byward_subscriptions", "gauge", "Subscriptions of open connections.");
  for (const level of connections) page.sample("byward_subscriptions", pick(level), level.subscriptions);

  page.family("byward_actors", "gauge", "Actors in memory.");
  for (const { target, awake } of actors) page.sample("byward_actors", { target }, awake);
  page.family("byward_queue_messages", "gauge", "Queue messages of actors in memory.");
  for (const { target, queued, deadLettered } of actors) {
    page.sample("byward_queue_messages", { target, status: "queued" }, queued);
    page.sample("byward_queue_messages", { target, status: "dead" }, deadLettered);
  }
  return page.text();
}

function pick({ target, party }: { readonly target: string; readonly party: string }): Labels {
  return { target, party };
}

class Page {
  readonly #lines: string[] = [];

  family(name: string, type: "counter" | "gauge" | "histogram", help: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }

  sample(name: string, labels: Labels, value: number): void {
    const written = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    this.#lines.push(`${name}{${written.join(",")}} ${value}`);
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}

/** Backslash, quote and line feed are what the format escapes; a carriage return has no escape and no place in a name. */
function escaped(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n").replace(/\r/g, "");
}
