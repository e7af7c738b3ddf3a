/**
 * Owns the metrics OpenTelemetry reads. All but the histogram are observed when a reader collects, so that a decision costs one
 * call into it.
 */
import type { Attributes, Meter, ObservableResult } from "@opentelemetry/api";
import type { Decision } from "../actors/decisions.ts";
import type { Tally } from "./tally.ts";

export interface Instruments {
  /** Measures a decision. */
  measure(decision: Decision): void;
  /** Takes the callbacks back. */
  stop(): void;
}

export function instrument(meter: Meter, tally: Tally): Instruments {
  const observed: [{ removeCallback(callback: Observe): void }, Observe][] = [];
  const counter = (name: string, description: string, observe: Observe): void => {
    const instrument = meter.createObservableCounter(name, { description, unit: "1" });
    instrument.addCallback(observe);
    observed.push([instrument, observe]);
  };
  const level = (name: string, description: string, observe: Observe): void => {
    const instrument = meter.createObservableUpDownCounter(name, { description, unit: "1" });
    instrument.addCallback(observe);
    observed.push([instrument, observe]);
  };

  counter("byward.decisions", "Decisions of the gate", (result) => {
    for (const { shape, count } of tally.counts()) result.observe(count, attributesOf(shape));
  });
  counter("byward.leases.ended", "Leases that ended, by cause", (result) => {
    for (const [cause, count] of Object.entries(tally.levels().leaseEnds))
      result.observe(count, attributesOf({ cause }));
  });
  level("byward.connections", "Open connections", (result) => {
    for (const { target, party, connections } of tally.levels().connections)
      result.observe(connections, attributesOf({ target, party }));
  });
  level("byward.leases", "Connections whose credential ends at a known time", (result) => {
    for (const { target, party, leased } of tally.levels().connections)
      result.observe(leased, attributesOf({ target, party }));
  });
  level("byward.subscriptions", "Subscriptions of open connections", (result) => {
    for (const { target, party, subscriptions } of tally.levels().connections)
      result.observe(subscriptions, attributesOf({ target, party }));
  });
  level("byward.actors", "Actors in memory", (result) => {
    for (const { target, awake } of tally.levels().actors) result.observe(awake, attributesOf({ target }));
  });
  level("byward.queue.messages", "Queue messages of actors in memory", (result) => {
    for (const { target, queued, deadLettered } of tally.levels().actors) {
      result.observe(queued, attributesOf({ target, status: "queued" }));
      result.observe(deadLettered, attributesOf({ target, status: "dead" }));
    }
  });

  const durations = meter.createHistogram("byward.decision.duration", {
    description: "Time from arrival to decision",
    unit: "s",
    advice: { explicitBucketBoundaries: [...tally.bounds] },
  });
  // Kinds and outcomes are few; the attributes of each pair are made once.
  const known = new Map<string, Attributes>();
  return {
    measure({ kind, outcome, duration }) {
      const id = `${kind} ${outcome}`;
      let attributes = known.get(id);
      if (attributes === undefined) {
        attributes = attributesOf({ kind, outcome });
        known.set(id, attributes);
      }
      durations.record(duration / 1000, attributes);
    },
    stop() {
      for (const [instrument, observe] of observed) instrument.removeCallback(observe);
    },
  };
}

type Observe = (result: ObservableResult) => void;

/** Attributes in a namespace of their own, so that they meet none of OpenTelemetry's conventions. */
function attributesOf(values: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`byward.${name}`, String(value)]));
}
