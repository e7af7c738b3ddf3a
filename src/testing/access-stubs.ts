/**
 * Owns a registry whose gate is the real one and whose handlers do nothing: what `expectAccess` tries calls on. While
 * `isPreparing`, handlers are the real ones, so that a test can bring actors into the state its decisions rest on.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ActionEntry, CompiledActor, QueueEntrypoint } from "../actors/entrypoints.ts";
import { Registry } from "../registry/registry.ts";
import type { CompiledService, RouteEntry } from "../services/entrypoints.ts";

export interface StubSwitch {
  isPreparing: boolean;
}

export function withStubs<R extends Registry>(registry: R, stubs: StubSwitch): R {
  const { config } = registry;
  const actors = new Map([...config.actors].map(([name, actor]) => [name, stubActor(actor, stubs)]));
  const services = config.services.map((service) => stubService(service, stubs));
  // The same class over the same definitions: its type parameter is what the given registry's was.
  return new Registry({ ...config, actors, services }, null) as R;
}

/** Entries point to their service, so each is made anew with the new one. */
function stubService(service: CompiledService, stubs: StubSwitch): CompiledService {
  const owned = <Entry extends object>(entries: ReadonlyMap<string, Entry>) =>
    new Map([...entries].map(([name, entry]) => [name, { ...entry, service: stub }]));
  const routes: RouteEntry[] = [];
  const stub: CompiledService = {
    ...service,
    routes,
    get calls() {
      return calls;
    },
    get queues() {
      return queues;
    },
    get crons() {
      return crons;
    },
  };
  const [calls, queues] = [owned(service.calls), owned(service.queues)];
  const crons = service.crons.map((entry) => ({ ...entry, service: stub }));
  for (const route of service.routes) {
    routes.push({
      ...route,
      service: stub,
      handle: when(stubs, route.handle, () => new Response(null, { status: 204 })),
      params: lenient(route.params, stubs),
      query: lenient(route.query, stubs),
      body: lenient(route.body, stubs),
    });
  }
  return stub;
}

function stubActor(actor: CompiledActor, stubs: StubSwitch): CompiledActor {
  const { onRequest, onWebSocket, run: _run, ...config } = actor.config;
  return {
    ...actor,
    config: {
      ...config,
      ...(onRequest === undefined
        ? {}
        : { onRequest: when(stubs, onRequest, () => new Response(null, { status: 204 })) }),
      ...(onWebSocket === undefined ? {} : { onWebSocket: when(stubs, onWebSocket, () => {}) }),
    },
    actions: new Map([...actor.actions].map(([name, entry]) => [name, stubAction(entry, stubs)])),
    queues:
      actor.queues === null ? null : new Map([...actor.queues].map(([name, entry]) => [name, openQueue(entry, stubs)])),
  };
}

function stubAction(entry: ActionEntry, stubs: StubSwitch): ActionEntry {
  return { ...entry, handler: when(stubs, entry.handler, () => undefined), input: lenient(entry.input, stubs) };
}

/** A message of a cell has no body that a schema would accept. */
function openQueue(entry: QueueEntrypoint, stubs: StubSwitch): QueueEntrypoint {
  return { ...entry, token: { ...entry.token, message: lenient(entry.token.message, stubs) } };
}

function when<Args extends unknown[]>(
  stubs: StubSwitch,
  real: (...args: Args) => unknown,
  stub: () => unknown,
): (...args: Args) => unknown {
  return (...args) => (stubs.isPreparing ? real(...args) : stub());
}

function lenient(schema: StandardSchemaV1 | null, stubs: StubSwitch): StandardSchemaV1 | null {
  if (schema === null) return null;
  const own = schema["~standard"];
  return { "~standard": { ...own, validate: (value) => (stubs.isPreparing ? own.validate(value) : { value }) } };
}
