/**
 * Owns the host conformance suite: what every host must do, as named cases that any test runner can run. A host that
 * cannot do one of them says so, with the reason, and the reason is shown where the case would have run.
 */

import type { RevokeQuery } from "../../boundary/lease.ts";
import { mintBearer } from "../../boundary/mint.ts";
import type { Client, ClientOptions } from "../../client/types.ts";
import type { SetupOptions } from "../../registry/setup.ts";
import { type ConformanceRegistry, conformanceOptions, TEST_SECRET } from "./actors.ts";
import { durabilityCases } from "./durability-cases.ts";
import { gateCases } from "./gate-cases.ts";
import { leaseCases } from "./lease-cases.ts";
import { lifeCases } from "./life-cases.ts";
import { queueCases } from "./queue-cases.ts";
import { transportCases } from "./transport-cases.ts";

/** A host that serves the suite's registry. */
export interface RunningHost {
  /** A client that reaches it. */
  createClient(options: ClientOptions): Client;
  /** A request by path. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  revoke(query: RevokeQuery): Promise<unknown>;
  /** Epoch ms, as the host sees it. */
  now(): number;
  /** With time of its own: work that time must wait for. */
  track?<T>(work: Promise<T>): Promise<T>;
  /** Lets time of the host pass. */
  elapse(ms: number): Promise<void>;
  /** Stops it cleanly and serves again from the same storage. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ConformanceOptions {
  /** The host, for the names of the cases. */
  readonly name: string;
  /** Serves `options` on fresh storage. */
  readonly start: (options: SetupOptions) => Promise<RunningHost>;
  /** Cases this host does not pass, by name, each with the reason. */
  readonly skips?: Readonly<Record<string, string>>;
}

/** What a case works with. */
export interface CaseContext {
  readonly host: RunningHost;
  readonly token: (sub: string, claims?: Readonly<Record<string, unknown>>, expiresIn?: number) => Promise<string>;
  /** A client as a user, as one with claims, or as nobody. */
  readonly as: (sub: string | null, claims?: Readonly<Record<string, unknown>>) => Client<ConformanceRegistry>;
  /** Waits, in time of the host, until `isTrue`. */
  readonly until: (isTrue: () => Promise<boolean> | boolean, what: string) => Promise<void>;
}

export interface CaseDefinition {
  readonly name: string;
  readonly run: (context: CaseContext) => Promise<void>;
}

/** A case, ready to run. */
export interface ConformanceCase {
  readonly name: string;
  /** Why this host does not run it; null where it does. */
  readonly skipped: string | null;
  /** Starts a host for this case alone, and stops it. Rejects with what is wrong. */
  run(): Promise<void>;
}

const CASES: readonly CaseDefinition[] = [
  ...gateCases,
  ...transportCases,
  ...durabilityCases,
  ...queueCases,
  ...lifeCases,
  ...leaseCases,
];

/**
 * The cases for a host.
 *
 * @throws Error for a skip that names no case, or gives no reason
 */
export function hostConformance(options: ConformanceOptions): readonly ConformanceCase[] {
  for (const [name, reason] of Object.entries(options.skips ?? {})) {
    if (!CASES.some((known) => known.name === name)) throw new Error(`There is no conformance case "${name}" to skip.`);
    if (reason.trim() === "") throw new Error(`The skip of conformance case "${name}" has no reason.`);
  }
  return CASES.map(({ name, run }) => ({
    name: `${options.name}: ${name}`,
    skipped: options.skips?.[name] ?? null,
    run: async () => {
      const host = await options.start(conformanceOptions);
      const { context, dispose } = contextOf(host);
      try {
        await run(context);
      } finally {
        await dispose();
        await host.stop();
      }
    },
  }));
}

/** How long a case waits for what must come, ms of the host's time. */
const PATIENCE = 30_000;
const STEP = 20;

function contextOf(host: RunningHost): { readonly context: CaseContext; readonly dispose: () => Promise<void> } {
  const clients: { dispose(): Promise<void> }[] = [];
  const token: CaseContext["token"] = (sub, claims = {}, expiresIn = 3600) => {
    const minted = mintBearer({ secret: TEST_SECRET, subject: sub, now: host.now(), expiresIn, claims });
    return host.track?.(minted) ?? minted;
  };
  const as: CaseContext["as"] = (sub, claims) => {
    const client = host.createClient(sub === null ? {} : { token: () => token(sub, claims) });
    clients.push(client);
    // The host serves that very registry.
    return client as unknown as Client<ConformanceRegistry>;
  };
  const until: CaseContext["until"] = async (isTrue, what) => {
    for (let waited = 0; waited <= PATIENCE; waited += STEP) {
      if (await isTrue()) return;
      await host.elapse(STEP);
    }
    throw new Error(`Not in ${PATIENCE} ms: ${what}`);
  };
  return {
    context: { host, token, as, until },
    dispose: async () => {
      await Promise.all(clients.map((client) => client.dispose()));
    },
  };
}
