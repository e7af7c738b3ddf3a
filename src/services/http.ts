/**
 * Owns HTTP on services: a request becomes a route, passes the gate, is read, runs, and its result an answer. The flow on one
 * screen; each step is a file of its own.
 *
 *   route → length → [body, where a party signs it] → gate → payload → handler → answer → validators → policies
 */
import { newCorrelationId, toWireFailure } from "../actors/failure.ts";
import { bodyTooLarge, presented, writeFailure } from "../actors/inbound.ts";
import type { SealedCaller } from "../boundary/caller.ts";
import { Refusal } from "../boundary/errors.ts";
import { andThen, isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import type { InboundRequest, Logger, OutboundResponse } from "../hosts/port.ts";
import { LazyAbort } from "./abort.ts";
import { type Answer, answerOf, dropBody, withCaching, withoutBody } from "./answer.ts";
import { type ContextSource, RouteInvocation, type RoutePayload } from "./context.ts";
import type { ServiceDelivery } from "./deliveries.ts";
import type { RouteEntry } from "./entrypoints.ts";
import { type Admitted, type Approach, admit, type GateSource } from "./gate.ts";
import { leasedStream } from "./leased-stream.ts";
import { PayloadRefusal, readPayload } from "./payload.ts";
import type { Policy } from "./policy.ts";
import type { RouteMatch } from "./router.ts";
import { refuseReply, remember, runHandler } from "./run.ts";
import type { PayloadProblem } from "./types.ts";

/** What serving needs of the runtime. */
export interface HttpSource extends GateSource, ContextSource {
  policyOf(entry: RouteEntry): Policy;
}

/** Answers a request whose path was looked up. Never throws, never rejects. */
export function serveHttp(
  source: HttpSource,
  match: RouteMatch<RouteEntry>,
  inbound: InboundRequest,
): MaybePromise<OutboundResponse> {
  switch (match.kind) {
    case "found":
      return new Exchange(source, match.entry, inbound).answer(match.params);
    case "other_method":
      return answerOtherMethod(source, match, inbound);
    case "unknown":
      return refuse(source, new Refusal("not_found", { reason: "route.none" }));
    case "malformed":
      return refuse(source, new Refusal("malformed", { reason: match.reason, message: "The path cannot be read" }));
  }
}

function refuse(source: HttpSource, refusal: Refusal): OutboundResponse {
  return writeFailure(toWireFailure(source.floor.host, refusal, { target: "services" }));
}

function answerOtherMethod(
  source: HttpSource,
  match: Extract<RouteMatch<RouteEntry>, { kind: "other_method" }>,
  inbound: InboundRequest,
): OutboundResponse {
  const allow = match.allow.join(", ");
  const asked = inbound.header("access-control-request-method");
  const entry = match.entries.find(({ method }) => method === asked) ?? match.entries[0]!;
  const policy = source.policyOf(entry);
  if (inbound.method === "OPTIONS") {
    const isPreflight = asked !== null && inbound.header("origin") !== null;
    const preflight = isPreflight ? policy.preflight(inbound, match.allow) : null;
    return stamped(policy, inbound, preflight ?? { status: 204, headers: [["allow", allow]], body: null }, !preflight);
  }
  const refusal = new Refusal("method_not_allowed", { reason: "method", headers: { allow } });
  return stamped(policy, inbound, refuse(source, refusal), true);
}

function stamped(policy: Policy, inbound: InboundRequest, answer: OutboundResponse, cors: boolean): OutboundResponse {
  const headers: [string, string][] = answer.headers.map(([name, value]) => [name, value]);
  if (cors) policy.stamp(headers, inbound);
  return { ...answer, headers };
}

/** One request to one route. */
class Exchange implements Approach<RouteInvocation> {
  readonly entry: RouteEntry;
  readonly started: number;
  readonly correlationId: string;
  presentation!: Approach<RouteInvocation>["presentation"];
  caller: SealedCaller | null = null;
  readonly #source: HttpSource;
  readonly #inbound: InboundRequest;
  readonly #maxBody: number;
  readonly #abort: LazyAbort;
  readonly #payload: RoutePayload = { params: undefined, query: undefined, body: undefined };

  constructor(source: HttpSource, entry: RouteEntry, inbound: InboundRequest) {
    const { floor } = source;
    this.entry = entry;
    this.started = floor.host.clock.now();
    this.correlationId = newCorrelationId(floor.host);
    this.#source = source;
    this.#inbound = inbound;
    this.#maxBody = entry.maxBody ?? floor.limits.maxBodySize;
    this.#abort = new LazyAbort(() => inbound.signal);
  }

  answer(params: Readonly<Record<string, string>>): MaybePromise<OutboundResponse> {
    this.#payload.params = params;
    try {
      const answered = this.#serve();
      return isPromise(answered) ? answered.catch((error: unknown) => this.#failed(error)) : answered;
    } catch (error) {
      return this.#failed(error);
    }
  }

  createContext(caller: SealedCaller, delivery: ServiceDelivery | null): RouteInvocation {
    return new RouteInvocation({
      source: this.#source,
      entry: this.entry,
      caller,
      correlationId: this.correlationId,
      abort: this.#abort,
      deliveryId: delivery?.id ?? null,
      inbound: this.#inbound,
      payload: this.#payload,
      exposeCredentials: this.entry.exposeCredentials,
      maxBody: this.#maxBody,
    });
  }

  #serve(): MaybePromise<OutboundResponse> {
    if (Number(this.#inbound.header("content-length") ?? 0) > this.#maxBody) throw bodyTooLarge(this.#maxBody);
    return andThen(this.#signedBody(), (body) => {
      this.presentation = presented(this.#inbound, body);
      return andThen(admit(this.#source, this), (admitted) => this.#admitted(admitted));
    });
  }

  /** The body where a party verifies over it; nothing else is read before the gate. */
  #signedBody(): MaybePromise<Uint8Array | null> {
    return this.entry.needsBody ? this.#inbound.bytes(this.#maxBody) : null;
  }

  #admitted(admitted: Admitted<RouteInvocation>): MaybePromise<OutboundResponse> {
    try {
      const read = readPayload(this.entry, this.#inbound, this.#maxBody, this.#payload, this.#source.floor.host.clock);
      if (!isPromise(read)) return this.#run(admitted);
      return read.then(
        () => andThen(admitted.inForce(), (current) => this.#run(current)),
        (error: unknown) => {
          admitted.delivery?.failed();
          throw error;
        },
      );
    } catch (error) {
      // Nothing ran: the same delivery may come again.
      admitted.delivery?.failed();
      throw error;
    }
  }

  #run(admitted: Admitted<RouteInvocation>): MaybePromise<OutboundResponse> {
    const { floor } = this.#source;
    const run = { entry: this.entry, admitted, abort: this.#abort, clock: floor.host.clock, log: this.#log };
    return andThen(runHandler(run, []), (result) =>
      andThen(this.#remembered(admitted, result), (answer) => {
        const dead = refuseReply(admitted);
        if (dead !== null) {
          dropBody(answer.body);
          throw dead;
        }
        return andThen(withCaching(answer, this.entry, this.#inbound, floor.host), (cached) =>
          this.#finished(cached, admitted),
        );
      }),
    );
  }

  /** A sender takes 4xx and 5xx for a failure and tries again, so such a delivery may run again. */
  #remembered(admitted: Admitted<RouteInvocation>, result: unknown): MaybePromise<Answer> {
    let answer: Answer;
    try {
      answer = answerOf(result);
    } catch (error) {
      admitted.delivery?.failed();
      throw error;
    }
    if (answer.status < 400) return remember(admitted, answer);
    admitted.delivery?.failed();
    return answer;
  }

  #finished(answer: Answer, admitted: Admitted<RouteInvocation>): OutboundResponse {
    const { headers } = answer;
    headers.push(["byward-correlation-id", this.correlationId]);
    this.#source.policyOf(this.entry).stamp(headers, this.#inbound);
    if (this.#inbound.method === "HEAD") return withoutBody(answer);
    // Whoever proved nothing has nothing that could end.
    if (answer.body instanceof ReadableStream && admitted.credentials.proofs.length > 0) {
      answer.body = this.#leased(answer.body, headers, admitted);
    }
    return answer;
  }

  #leased(
    body: ReadableStream<Uint8Array>,
    headers: readonly (readonly [string, string])[],
    admitted: Admitted<RouteInvocation>,
  ): ReadableStream<Uint8Array> {
    const type = headers.find(([name]) => name === "content-type")?.[1] ?? "";
    return leasedStream(
      body,
      {
        clock: this.#source.floor.host.clock,
        expiresAt: admitted.caller.expiresAt,
        leaseEnd: () => admitted.leaseEnd(),
        correlationId: this.correlationId,
      },
      type.startsWith("text/event-stream"),
    );
  }

  get #log(): Logger {
    return this.#source.logOf(this.entry);
  }

  #failed(error: unknown): OutboundResponse {
    const { host } = this.#source.floor;
    const where = { service: this.entry.service.name, entrypoint: this.entry.name };
    const failure = toWireFailure(host, error, where, this.correlationId);
    const answer = writeFailure(failure, this.#problemFields(error));
    const answered = stamped(this.#source.policyOf(this.entry), this.#inbound, answer, true);
    return this.#inbound.method === "HEAD" ? { ...answered, body: null } : answered;
  }

  /** The body in the service's own words, where it has some. */
  #problemFields(error: unknown): Readonly<Record<string, unknown>> | null {
    const { problem } = this.entry.service.config;
    if (problem === undefined || !(error instanceof Refusal)) return null;
    const told = problemOf(error, this.#maxBody);
    if (told === null) return null;
    try {
      return problem(told);
    } catch (thrown) {
      this.#log.error({ err: thrown }, "`problem` of a service failed; the refusal is told in our words");
      return null;
    }
  }
}

function problemOf(refusal: Refusal, limit: number): PayloadProblem | null {
  if (refusal instanceof PayloadRefusal) return refusal.problem;
  if (refusal.reason === "body.too_long") return { part: "body", kind: "too_large", issues: [], limit };
  return null;
}
