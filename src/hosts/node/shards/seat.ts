/**
 * Owns what a shard is given when its thread starts, and how code in the thread finds it. The thread runs the program's own
 * module; where that serves a registry, the registry takes this seat instead of listening.
 */
import { isMainThread, type MessagePort, workerData } from "node:worker_threads";
import type { RegistryConfig } from "../../../registry/registry.ts";
import type { StoreShare } from "../store/sqlite-store.ts";
import type { SharedTable } from "./shared-rates.ts";

export interface Seat {
  /** From 0. */
  readonly index: number;
  readonly shards: number;
  /** The module to run. */
  readonly module: string;
  readonly fingerprint: string;
  /** The main thread. */
  readonly port: MessagePort;
  readonly store: StoreShare;
  /** In the order in which a runtime makes its counts. */
  readonly rates: readonly SharedTable[];
  /** Whether the main thread wants to hear of decisions. */
  readonly wantsDecisions: boolean;
}

/** The key of a seat in the data of a thread. */
export const SEAT = "byward.shard";

interface ThreadData {
  readonly [SEAT]?: Seat;
}

let isTaken = false;

/** The seat of this thread; null in threads that are no shards. */
export function seatHere(): Seat | null {
  if (isMainThread || typeof workerData !== "object" || workerData === null) return null;
  return (workerData as ThreadData)[SEAT] ?? null;
}

/** True for whoever takes the seat first. */
export function takeSeat(): boolean {
  if (isTaken) return false;
  isTaken = true;
  return true;
}

/** What two threads must agree on to be parts of one registry: what can be reached in it, and by whom. */
export function fingerprintOf({ actors, services, basePath, limits, rate }: RegistryConfig): string {
  const types = [...actors.values()].map(({ name, allBy }) => [
    name,
    allBy.map((by) => ("name" in by ? by.name : by.type)),
  ]);
  const parts = services.map((service) => [
    service.name,
    service.routes.map((route) => route.name),
    [...service.calls.keys()],
    [...service.queues.keys()],
  ]);
  return JSON.stringify([types, parts, basePath, limits, rate.length]);
}
