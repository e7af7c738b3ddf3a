/**
 * Owns `guard()`: the gate in front of a fetch handler that stays where it is. One path with everything else (G3): what is
 * checked here is an entrypoint of the kind `http`.
 */
import { newCorrelationId, toWireFailure } from "../actors/failure.ts";
import { bodyTooLarge, presented, writeFailure } from "../actors/inbound.ts";
import { DEFAULT_LIMITS } from "../actors/limits.ts";
import { Admission, endedReply } from "../boundary/gate.ts";
import type { MaybePromise } from "../boundary/maybe-promise.ts";
import type { By, CallerOf } from "../boundary/party.ts";
import type { Host, InboundRequest } from "../hosts/port.ts";
import { service } from "../services/define.ts";
import { type DeliveryBook, NO_DELIVERIES } from "../services/deliveries.ts";
import { compileService, type RouteEntry } from "../services/entrypoints.ts";
import type { ServiceFloor } from "../services/floor.ts";
import { type Admitted, admit } from "../services/gate.ts";
import { handlerRequest } from "../services/handler-request.ts";
import { leasedStream } from "../services/leased-stream.ts";
import { inboundOf, toResponse } from "./fetch.ts";
import { type PlatformEnv, StandaloneFloors } from "./services-standalone.ts";

export interface GuardOptions {
  /** What it is called in the log. Default `guard`. */
  readonly name?: string;
  /** Bytes of a body the gate reads (signatures) and hands on. Default 10 MiB. */
  readonly maxBody?: number;
  /** Leaves `Authorization` in the request the handler sees. Default false. */
  readonly exposeCredentials?: boolean;
  /** The address of the peer, to count failed proofs by; `fetch` alone does not know it. Default: not counted. */
  readonly address?: (request: Request) => string;
  /** Clock, secrets, network. Default: the platform's, with secrets from the `env` of each request. */
  readonly host?: Host | ((env: PlatformEnv | undefined) => Host);
}

/** A handler behind a party. */
export type GuardedHandler<B extends By, Env> = (
  request: Request,
  caller: CallerOf<B>,
  env: Env,
  ...rest: unknown[]
) => MaybePromise<Response>;

/**
 * Puts a party in front of a fetch handler: it runs for proved callers only, with the caller as its second argument. Secrets are
 * those of `env`, else of the process; one that is missing answers 500 and is named in the log.
 *
 * A party that remembers ids of deliveries needs a registry: it is refused here at each such delivery, since nothing would be
 * remembered.
 *
 * @example
 * export default { fetch: guard(User, (request, caller) => new Response(`hello ${caller.identity}`)) };
 *
 * @throws ConfigurationError `service.by_invalid`, `service.by_channel`, `service.limit_invalid`
 */
export function guard<const B extends By, Env = PlatformEnv>(
  by: B,
  handler: GuardedHandler<B, Env>,
  options: GuardOptions = {},
): (request: Request, env?: Env, ...rest: unknown[]) => Promise<Response> {
  const door = new Door(by, options);
  return async (request, env, ...rest) => {
    const passage = await door.open(request, env as PlatformEnv | undefined);
    if (passage instanceof Response) return passage;
    try {
      Admission.spend(passage.admitted.admission);
      // The party says what its callers are; `CallerOf` is that in types.
      const response = await handler(
        passage.request(),
        passage.admitted.caller as unknown as CallerOf<B>,
        env as Env,
        ...rest,
      );
      return passage.leave(response);
    } catch (error) {
      return passage.fail(error);
    }
  };
}

/** One request that was let in. */
export interface GuardPassage {
  readonly admitted: Admitted<null>;
  /** Without credentials; its body is the bytes that were verified. */
  request(): Request;
  /** The response, cut off when the caller's credential ends. */
  leave(response: Response): Response;
  /** The answer to what the handler threw. */
  fail(error: unknown): Response;
}

/** The gate of one `guard` or `by`. */
export class Door {
  readonly #entry: RouteEntry;
  readonly #options: GuardOptions;
  readonly #floors: StandaloneFloors<ServiceFloor>;
  readonly #deliveries: DeliveryBook = NO_DELIVERIES;

  constructor(by: By, options: GuardOptions) {
    const limits = options.maxBody === undefined ? {} : { maxBody: options.maxBody };
    const definition = service({ by, limits, routes: { "POST /": { handle: () => undefined } } });
    const [route] = compileService(options.name ?? "guard", definition).routes;
    this.#entry = { ...route!, name: options.name ?? "guard" };
    this.#options = options;
    this.#floors = new StandaloneFloors(this.#entry.bases, options.host, (floor) => floor);
  }

  /** Lets a request in, or answers it. Never rejects. */
  async open(request: Request, env: PlatformEnv | undefined): Promise<GuardPassage | Response> {
    let floor: ServiceFloor;
    try {
      floor = await this.#floors.of(env);
    } catch (error) {
      return this.#unprepared(error, env);
    }
    const inbound = inboundOf(request, { publicUrl: null }, this.#options.address?.(request) ?? "");
    const correlationId = newCorrelationId(floor.host);
    const failed = (error: unknown): Response => this.#answer(floor, error, correlationId);
    try {
      const admitted = await this.#admit(floor, inbound, correlationId);
      return {
        admitted,
        request: () => this.#request(inbound),
        leave: (response) => {
          const end = admitted.leaseEnd();
          if (end === null) return leave(response, floor, admitted, correlationId);
          // A reply under a credential that died while the handler ran is not delivered (ruling 16).
          // One that the handler has read cannot be cancelled, and what the handler's own stream throws then is nobody's.
          response.body?.cancel().catch(() => {});
          return failed(endedReply(end));
        },
        fail: failed,
      };
    } catch (error) {
      return failed(error);
    }
  }

  /** True when the gate reads the body: the handler must then take the request of its passage. */
  get readsBody(): boolean {
    return this.#entry.needsBody;
  }

  #request(inbound: InboundRequest): Request {
    return handlerRequest(inbound, {
      maxBody: this.#maxBody,
      exposeCredentials: this.#options.exposeCredentials ?? false,
    });
  }

  get #maxBody(): number {
    return this.#options.maxBody ?? DEFAULT_LIMITS.maxBodySize;
  }

  async #admit(floor: ServiceFloor, inbound: InboundRequest, correlationId: string): Promise<Admitted<null>> {
    if (Number(inbound.header("content-length") ?? 0) > this.#maxBody) throw bodyTooLarge(this.#maxBody);
    const body = this.#entry.needsBody ? await inbound.bytes(this.#maxBody) : null;
    return admit<null>(
      { floor, deliveries: this.#deliveries, ratesOf: () => [] },
      {
        entry: this.#entry,
        presentation: presented(inbound, body),
        started: floor.host.clock.now(),
        correlationId,
        caller: null,
        createContext: () => null,
      },
    );
  }

  #answer(floor: ServiceFloor, error: unknown, correlationId: string): Response {
    const where = { service: this.#entry.service.name };
    return toResponse(writeFailure(toWireFailure(floor.host, error, where, correlationId)));
  }

  /** A secret is missing, or a key cannot be had: nobody can be proved, so nobody passes. */
  #unprepared(error: unknown, env: PlatformEnv | undefined): Response {
    const host = this.#floors.hostOf(env);
    return toResponse(writeFailure(toWireFailure(host, error, { service: this.#entry.service.name })));
  }
}

function leave(response: Response, floor: ServiceFloor, admitted: Admitted<null>, correlationId: string): Response {
  const { expiresAt } = admitted.caller;
  if (response.body === null || expiresAt === null) return response;
  const isEventStream = (response.headers.get("content-type") ?? "").startsWith("text/event-stream");
  const lease = { clock: floor.host.clock, expiresAt, leaseEnd: () => admitted.leaseEnd(), correlationId };
  return new Response(leasedStream(response.body, lease, isEventStream), response);
}
