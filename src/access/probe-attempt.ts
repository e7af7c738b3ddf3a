/**
 * Owns one attempt of a probe: a caller at an entrypoint, decided by the gate itself over an instance in memory that is
 * thrown away. No handler is reached: an admission is not spent.
 */

import { InvocationScope } from "../actors/context.ts";
import { DecisionRing } from "../actors/decisions.ts";
import type { CompiledActor } from "../actors/entrypoints.ts";
import { newCorrelationId } from "../actors/failure.ts";
import { Admission, admit as admitToActor, partiesOf } from "../actors/gate.ts";
import { DEFAULT_LIMITS } from "../actors/limits.ts";
import { Runtime } from "../actors/runtime.ts";
import type { InvokeTarget } from "../actors/types.ts";
import { ConfigurationError, Refusal, UserError } from "../boundary/errors.ts";
import type { By } from "../boundary/party.ts";
import { FailedProofs, RateRules } from "../boundary/rate.ts";
import type { Credentials } from "../boundary/verify.ts";
import { memory } from "../hosts/memory/host.ts";
import type { Clock, Host, InboundRequest } from "../hosts/port.ts";
import { LazyAbort } from "../services/abort.ts";
import { CallInvocation, RouteInvocation } from "../services/context.ts";
import { NO_DELIVERIES } from "../services/deliveries.ts";
import type { RouteEntry, ServiceEntry } from "../services/entrypoints.ts";
import type { ServiceFloor } from "../services/floor.ts";
import { admit as admitToService } from "../services/gate.ts";
import { ServiceRuntime } from "../services/runtime.ts";
import { pathOfRoute } from "./route-path.ts";
import type { Verdict } from "./verdict.ts";

/** What one attempt came to, and what decided it. */
export interface Finding {
  readonly verdict: Verdict;
  readonly because: string;
}

/** Longest a decision may take while it is probed, ms. */
const DECISION_TIMEOUT = 2000;

/** What code under a probe may not do. Thrown where it tries; the cell stays open and says so. */
export class SideEffect extends Error {
  override readonly name = "SideEffect";
}

/** Where probes are decided: a host without network, secrets or disk. */
export class ProbeGround {
  readonly host: Host;
  readonly #runtime: Runtime;
  readonly #services: ServiceRuntime;

  private constructor(host: Host, runtime: Runtime) {
    this.host = host;
    this.#runtime = runtime;
    this.#services = new ServiceRuntime({
      floor: floorFor(host, null),
      services: [],
      neighbours: { client: () => refuse("calls an actor"), queues: null },
      deliveries: NO_DELIVERIES,
      cors: null,
    });
  }

  static async open(clock?: Clock): Promise<ProbeGround> {
    const host = memory({
      ...(clock === undefined ? {} : { clock }),
      env: () => undefined,
      fetch: (input) => Promise.reject(new SideEffect(`asks ${String(input).slice(0, 80)}`)),
    });
    const runtime = await Runtime.start({ host, actors: new Map(), extraParties: [], limits: DEFAULT_LIMITS, skew: 0 });
    return new ProbeGround(host, runtime);
  }

  close(): Promise<void> {
    return this.#runtime.stop();
  }

  /** Decides an invocation of an actor in its initial state, as `get` of a missing one is decided (ruling 9). */
  async invokeActor(
    compiled: CompiledActor,
    target: InvokeTarget,
    key: readonly string[],
    present: (by: By) => Credentials,
  ): Promise<Finding> {
    const by = partiesOf(compiled, target);
    const credentials = present(by);
    const resolution = credentials.resolve(by);
    if (resolution.refusal !== null) return findingOf(resolution.refusal);
    const instance = await this.#provisional(compiled, key, resolution.caller, "get");
    if (!("value" in instance)) return instance.failed;
    try {
      const url = "path" in target ? `https://probe.invalid${target.path}` : "https://probe.invalid/";
      const connection = await instance.value.connections.open({
        kind: "stateless",
        credentials,
        caller: resolution.caller,
        params: undefined,
        request: () => new Request(url, { method: "method" in target ? target.method : "POST" }),
      });
      const verdict = await admitToActor(instance.value, {
        target,
        by,
        credentials,
        leaseEnd: () => null,
        createContext: (caller) => new InvocationScope(instance.value, connection, caller),
      });
      return verdict instanceof Admission ? admitted(compiled.config.canInvoke) : findingOf(verdict);
    } catch (error) {
      return { verdict: "?", because: `a hook of the connection threw before the decision: ${wordsOf(error)}` };
    } finally {
      this.#runtime.discard(instance.value);
    }
  }

  /** Decides the creation of an actor. */
  async createActor(
    compiled: CompiledActor,
    key: readonly string[],
    present: (by: By) => Credentials,
  ): Promise<Finding> {
    const resolution = present(compiled.by).resolve(compiled.by);
    if (resolution.refusal !== null) return findingOf(resolution.refusal);
    const instance = await this.#provisional(compiled, key, resolution.caller, "getOrCreate");
    if (!("value" in instance)) return instance.failed;
    this.#runtime.discard(instance.value);
    return compiled.config.canCreate === undefined
      ? admitted(undefined)
      : { verdict: "allow", because: "canCreate returned true" };
  }

  /** Decides the opening of a connection, which is by party alone (ruling 8). */
  connect(compiled: CompiledActor, credentials: Credentials): Finding {
    if (credentials.failure !== null)
      return { verdict: "401", because: "its credential fails at a party that reads it" };
    const resolutions = compiled.allBy.map((by) => credentials.resolve(by));
    if (resolutions.some(({ caller }) => caller !== null)) return { verdict: "allow", because: "a party admits it" };
    const forbidden = resolutions.find(({ refusal }) => refusal?.outcome === "forbidden")?.refusal;
    return findingOf(forbidden ?? resolutions[0]!.refusal!);
  }

  async #provisional(
    compiled: CompiledActor,
    key: readonly string[],
    caller: Parameters<Runtime["provisional"]>[3],
    mode: "get" | "getOrCreate",
  ): Promise<{ readonly value: Awaited<ReturnType<Runtime["provisional"]>> } | { readonly failed: Finding }> {
    try {
      return { value: await this.#runtime.provisional(impatient(compiled), key, undefined, caller, mode) };
    } catch (error) {
      if (error instanceof Refusal) return { failed: findingOf(error) };
      return { failed: { verdict: "?", because: `its state could not be made: ${wordsOf(error)}` } };
    }
  }

  /** Decides a request to a route, or a call. */
  async invokeService(entry: ServiceEntry, path: string, present: (by: By) => Credentials): Promise<Finding> {
    const credentials = present(entry.by);
    const floor = floorFor(this.host, credentials);
    const { canInvoke } = entry.service.config;
    const patient = { ...entry.service, canInvokeTimeout: Math.min(entry.service.canInvokeTimeout, DECISION_TIMEOUT) };
    const correlationId = newCorrelationId(this.host);
    const abort = new LazyAbort(() => null);
    const inbound = inboundOf(entry.kind === "http" ? entry.method : "POST", path);
    try {
      await admitToService(
        { floor, deliveries: NO_DELIVERIES, ratesOf: () => [] },
        {
          entry: { ...entry, service: patient },
          presentation: {
            channel: credentials.channel,
            method: inbound.method,
            url: `https://probe.invalid${path}`,
            header: () => null,
            body: null,
            frameToken: null,
          },
          started: this.host.clock.now(),
          correlationId,
          caller: null,
          createContext: (caller) => {
            const parts = { source: this.#services, entry, caller, correlationId, abort, deliveryId: null };
            if (entry.kind !== "http") return new CallInvocation(parts);
            const payload = { params: undefined, query: undefined, body: undefined };
            return new RouteInvocation({ ...parts, inbound, payload, exposeCredentials: false, maxBody: 0 });
          },
        },
      );
      return admitted(canInvoke);
    } catch (error) {
      if (error instanceof Refusal || error instanceof UserError) return findingOf(error);
      return { verdict: "?", because: `the decision could not be probed: ${wordsOf(error)}` };
    }
  }
}

/** An actor that begins in a given state. */
export function inState(compiled: CompiledActor, state: unknown): CompiledActor {
  const { createState: _createState, ...config } = compiled.config;
  return { ...compiled, config: { ...config, state } as CompiledActor["config"] };
}

/** The path of a route with `subject` in place of its parameters. */
export function pathOf(entry: RouteEntry, subject: string): string {
  return pathOfRoute(entry.name, subject);
}

function impatient(compiled: CompiledActor): CompiledActor {
  const canInvokeTimeout = Math.min(compiled.options.canInvokeTimeout, DECISION_TIMEOUT);
  return { ...compiled, options: { ...compiled.options, canInvokeTimeout } };
}

function admitted(canInvoke: unknown): Finding {
  return {
    verdict: "allow",
    because: canInvoke === undefined ? "its party is enough: no code decides" : "canInvoke returned true",
  };
}

/** A refusal as a cell, with the rule it came from. */
export function findingOf(denial: Refusal | UserError): Finding {
  if (denial instanceof UserError) return { verdict: "403", because: `the code denied with UserError ${denial.code}` };
  const sideEffect = sideEffectIn(denial);
  if (sideEffect !== null)
    return { verdict: "?", because: `canInvoke ${sideEffect}: what it decides is not in the code` };
  const because = sentenceOf(denial);
  switch (denial.outcome) {
    case "unauthenticated":
    case "expired":
    case "replayed":
      return { verdict: "401", because };
    case "forbidden":
      return { verdict: "403", because };
    case "not_found":
      return { verdict: "404", because };
    case "fault":
      return { verdict: "500", because };
    default:
      return { verdict: "?", because };
  }
}

/** What code asked of the world outside itself, which a probe has not. */
function sideEffectIn(denial: Refusal): string | null {
  for (let at: unknown = denial.cause; at instanceof Error; at = at.cause) {
    if (at.name === "SideEffect") return at.message;
    if (at instanceof Refusal || at instanceof ConfigurationError) return `calls on others (${wordsOf(at)})`;
  }
  return null;
}

const SENTENCES: Readonly<Record<string, string>> = {
  "can_invoke.false": "canInvoke returned false",
  "can_invoke.deadline": "canInvoke did not answer in time",
  "can_create.false": "canCreate returned false",
  "can_create.deadline": "canCreate did not answer in time",
  "credential.absent": "it presents nothing that the parties read",
  "probe.other_credential": "its credential fails at a party that reads the same place",
  "party.internal_not_admitted": "the parties lack this internal channel",
  "party.internal_only": "only internal callers may come here",
  "action.unknown": "canInvoke returned true; no such action is declared",
  "queue.undeclared": "no such queue is declared",
  "event.undeclared": "no such event is declared",
  "request.no_handler": "there is no onRequest",
  "websocket.no_handler": "there is no onWebSocket",
};

function sentenceOf({ reason, cause }: Refusal): string {
  const known = SENTENCES[reason];
  if (known !== undefined) return known;
  if (reason.startsWith("invariant:")) return `it does not hold what ${reason.slice("invariant:".length)} requires`;
  return cause === undefined ? reason : `${reason}: ${wordsOf(cause)}`;
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s+/g, " ").slice(0, 160);
}

function refuse(what: string): never {
  throw new SideEffect(what);
}

function floorFor(host: Host, credentials: Credentials | null): ServiceFloor {
  return {
    host,
    decisions: new DecisionRing(1),
    rates: new RateRules([], host.clock),
    failedProofs: new FailedProofs(Number.POSITIVE_INFINITY, host.clock),
    limits: DEFAULT_LIMITS,
    prove: () => {
      if (credentials === null) throw new ConfigurationError("probe.no_caller", "A probe proves nobody by itself.");
      return credentials;
    },
    refuseRevoked: () => null,
  };
}

function inboundOf(method: string, path: string): InboundRequest {
  return {
    method,
    path,
    query: "",
    origin: "https://probe.invalid",
    remoteAddress: "",
    header: () => null,
    headers: () => [][Symbol.iterator](),
    bytes: () => Promise.resolve(new Uint8Array(0)),
    stream: () => null,
    signal: new AbortController().signal,
  };
}
