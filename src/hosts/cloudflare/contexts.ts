/**
 * Owns calls of services between Workers, both ends. They go over a service binding to a named entrypoint, which no address
 * leads to; who calls is what the platform states in the binding's `props`, never what the call says (rulings 6, 24).
 */
import type { CallRef } from "../../actors/service-link.ts";
import { ConfigurationError, Refusal } from "../../boundary/errors.ts";
import type { CallerRecord, InternalCaller } from "../../boundary/scheme.ts";
import { decode, encode } from "../../protocol/json.ts";
import type { Edge } from "../../registry/edge.ts";
import type { Registry } from "../../registry/registry.ts";
import type { ServiceMap } from "../../registry/services-setup.ts";
import { type AnyServiceDefinition, identityOfService } from "../../services/define.ts";
import type { FarCalls } from "../../services/floor.ts";
import type { Host } from "../port.ts";
import { opened, sealed } from "./envelope.ts";
import type { WorkerEnv } from "./platform.ts";
import { platformFailure } from "./stubs.ts";

/** What the entrypoint of another Worker answers to. */
interface BoundCalls {
  /** One call with its arguments as text; an envelope. */
  call(service: string, name: string, text: string): Promise<string>;
}

/** Services of other Workers, by the binding that leads there. */
export type BoundServices = Readonly<Record<string, ServiceMap>>;

interface BoundService {
  readonly binding: string;
  readonly name: string;
}

/** The calling end. */
export class BoundContexts implements FarCalls {
  readonly #services: ReadonlyMap<object, BoundService>;
  readonly #env: () => WorkerEnv;

  constructor(consumes: BoundServices, env: () => WorkerEnv) {
    const services = new Map<object, BoundService>();
    for (const [binding, map] of Object.entries(consumes)) {
      for (const [name, definition] of Object.entries(map)) {
        for (const part of [definition].flat() as readonly AnyServiceDefinition[]) {
          services.set(identityOfService(part) ?? part, { binding, name });
        }
      }
    }
    this.#services = services;
    this.#env = env;
  }

  call(ref: CallRef, caller: InternalCaller, args: readonly unknown[]): Promise<unknown> | null {
    const service = this.#services.get(ref?.service);
    return service === undefined ? null : this.#ask(service, ref.name, caller, args);
  }

  async #ask(
    { binding, name: service }: BoundService,
    name: string,
    caller: InternalCaller,
    args: readonly unknown[],
  ): Promise<unknown> {
    const bound = this.#env()[binding] as BoundCalls | undefined;
    if (typeof bound?.call !== "function") {
      throw new ConfigurationError(
        "cloudflare.binding_missing",
        `The Worker has no service binding ${binding}, by which it calls ${service} (services: entrypoint BywardCalls).`,
      );
    }
    const text = encode([args, caller.onBehalfOf ?? null], "args");
    let answer: string;
    try {
      answer = await bound.call(service, name, text);
    } catch (error) {
      throw platformFailure(error);
    }
    return opened(answer);
  }
}

/** A call as the entrypoint took it. */
export interface TakenCall {
  /** The `props` of the binding it came over. */
  readonly props: unknown;
  readonly service: string;
  readonly name: string;
  readonly text: string;
}

/** The answering end. An envelope; never rejects. */
export function answerTaken(
  registry: Registry,
  host: Host,
  edge: () => Promise<Edge>,
  { props, service, name, text }: TakenCall,
): Promise<string> {
  return sealed(host, async () => {
    const caller = (props as { readonly caller?: unknown } | null | undefined)?.caller;
    if (typeof caller !== "string" || caller === "") {
      throw new Refusal("unauthenticated", { reason: "binding.no_caller" });
    }
    const found = registry.config.services.find((one) => one.name === service && one.calls.has(name));
    if (found === undefined) throw new Refusal("not_found", { reason: "binding.unknown_call" });
    // The other end of this module wrote it; what it says of an original caller proves nothing by itself.
    const [args, onBehalfOf] = decode(text) as readonly [readonly unknown[], CallerRecord | null];
    const { services } = await edge();
    const ref: CallRef = { type: "call", name, service: found.identity };
    return services.call(ref, { name: caller, ...(onBehalfOf === null ? {} : { onBehalfOf }) }, args);
  });
}
