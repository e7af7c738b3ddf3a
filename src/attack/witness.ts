/**
 * Owns knowing which code of the user ran. Handlers of a registry that has not started are replaced by ones that say so first;
 * they do what they did. Sends, subscriptions and connections have no handler of their own:
 * there the gate's record is the witness.
 */

import type { EntrypointKind } from "../access/matrix.ts";
import type { Decision } from "../actors/decisions.ts";
import type { CompiledActor } from "../actors/entrypoints.ts";
import { keyText } from "../protocol/key.ts";
import type { Registry, RegistryConfig } from "../registry/registry.ts";

/** One run. */
export interface Ran {
  readonly owner: string;
  readonly kind: EntrypointKind;
  readonly name: string;
  /** Key text of the actor; empty for services. */
  readonly key: string;
  /** Party of the caller, as the handler saw it. */
  readonly party: string;
  /** Epoch ms. */
  readonly at: number;
}

// biome-ignore lint/suspicious/noExplicitAny: user handlers, erased
type Handler = (c: any, ...args: any[]) => any;

/** What a handler's context is read for. */
interface Seen {
  readonly key?: readonly string[];
  readonly caller?: { readonly party?: string };
}

export class Witness {
  readonly #ran: Ran[] = [];

  /** Replaces the handlers of a registry in place, before it is started. */
  watch(config: RegistryConfig): void {
    const actors = config.actors as Map<string, CompiledActor>;
    for (const [name, actor] of actors) actors.set(name, this.#actor(actor));
    for (const { name, routes } of config.services) {
      for (const route of routes) {
        (route as { handle: Handler }).handle = this.#telling(route.handle, name, "http", route.name);
      }
    }
  }

  /** Listens to the decisions of a registry that has started. */
  async listen(registry: Registry): Promise<() => void> {
    const { decisions } = await registry.runtime();
    return decisions.subscribe((decision) => {
      if (decision.outcome === "ok" && RECORDED.has(decision.kind)) this.#ran.push(ranOf(decision));
    });
  }

  /** A point in time to look back to. */
  mark(): number {
    return this.#ran.length;
  }

  /** What ran since then; of one owner, and at one key, where given. */
  since(mark: number, owner?: string, key?: string): readonly Ran[] {
    return this.#ran
      .slice(mark)
      .filter((ran) => (owner === undefined || ran.owner === owner) && (key === undefined || ran.key === key));
  }

  #actor(actor: CompiledActor): CompiledActor {
    const { onRequest, onWebSocket, onCreate } = actor.config;
    const told = <H extends Handler | undefined>(handler: H, kind: EntrypointKind, name: string): H =>
      (handler === undefined ? undefined : this.#telling(handler, actor.name, kind, name)) as H;
    return {
      ...actor,
      config: {
        ...actor.config,
        ...(onRequest === undefined ? {} : { onRequest: told(onRequest, "request", "") }),
        ...(onWebSocket === undefined ? {} : { onWebSocket: told(onWebSocket, "websocket", "") }),
        ...(onCreate === undefined ? {} : { onCreate: told(onCreate, "create", "") }),
      },
      actions: new Map(
        [...actor.actions].map(([name, entry]) => [name, { ...entry, handler: told(entry.handler, "action", name) }]),
      ),
    };
  }

  #telling(handler: Handler, owner: string, kind: EntrypointKind, name: string): Handler {
    const tell = (c: Seen): void => {
      const key = c.key === undefined ? "" : keyText(c.key);
      this.#ran.push({ owner, kind, name, key, party: c.caller?.party ?? "", at: Date.now() });
    };
    return function (this: unknown, c: Seen, ...args: unknown[]): unknown {
      tell(c);
      return handler.call(this, c, ...args);
    };
  }
}

const RECORDED: ReadonlySet<string> = new Set(["queue", "subscribe", "connect"]);

function ranOf({ target, kind, name, key, party, at }: Decision): Ran {
  return { owner: target, kind: kind as EntrypointKind, name, key, party: party ?? "", at };
}
