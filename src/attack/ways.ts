/** Owns the list of ways into a registry: every row of the matrix over every transport that leads there. */
import type { MatrixRow } from "../access/matrix.ts";
import { basesOf, type CompiledActor } from "../actors/entrypoints.ts";
import type { By } from "../boundary/party.ts";
import type { RegistryConfig } from "../registry/registry.ts";
import { attemptHttp } from "./attempt-http.ts";
import { attemptRaw, attemptRpc } from "./attempt-socket.ts";
import type { Samples, Transport, Way, WayParts } from "./way.ts";

const TRANSPORTS: Readonly<Record<MatrixRow["kind"], readonly Transport[]>> = {
  action: ["http", "rpc"],
  queue: ["http", "rpc"],
  subscribe: ["sse", "rpc"],
  request: ["http"],
  websocket: ["raw", "raw-hello"],
  connect: ["rpc"],
  create: ["http"],
  http: ["http"],
  // No transport leads there: calls, deliveries and crons are made inside.
  call: [],
  message: [],
  cron: [],
};

/** Every way into a registry. */
export function waysOf(
  config: RegistryConfig,
  rows: readonly MatrixRow[],
  samples: Samples,
  parts: WayParts,
): readonly Way[] {
  return rows.flatMap((row) => TRANSPORTS[row.kind].map((transport) => wayOf(config, row, transport, samples, parts)));
}

/** Rows that no transport leads to. */
export function isInternal({ kind }: MatrixRow): boolean {
  return TRANSPORTS[kind].length === 0;
}

function wayOf(config: RegistryConfig, row: MatrixRow, transport: Transport, samples: Samples, parts: WayParts): Way {
  const entrypoint = `${row.owner} ${row.kind}${row.name === undefined ? "" : ` ${row.name}`}`;
  const actor = row.of === "actor" ? config.actors.get(row.owner)! : null;
  const by = actor === null ? routeOf(config, row).by : byOf(actor, row);
  const isOnConnection = transport === "rpc";
  const bases = isOnConnection ? actor!.bases : basesOf(by);
  const sample = samples[row.kind === "http" ? row.name! : entrypoint];
  const maxBody = maxBodyOf(config, row);
  const way: Omit<Way, "attempt"> = { row, transport, entrypoint, by, bases, actor, maxBody };
  const run =
    transport === "rpc" ? attemptRpc : transport === "raw" || transport === "raw-hello" ? attemptRaw : attemptHttp;
  // That a connection was opened says something of these rows only.
  const isOpening = row.kind === "connect" || row.kind === "create";
  return {
    ...way,
    attempt: async (attempt) => {
      const result = await run(way, attempt, sample, config.basePath, parts);
      return isOpening ? result : { ...result, ran: result.ran.filter(({ kind }) => kind !== "connect") };
    },
  };
}

function byOf(actor: CompiledActor, { kind, name = "" }: MatrixRow): By {
  const entries = { action: actor.actions, queue: actor.queues, subscribe: actor.events };
  if (kind === "action" || kind === "queue" || kind === "subscribe") return entries[kind]?.get(name)?.by ?? actor.by;
  if (kind === "request") return actor.requestBy;
  return kind === "websocket" ? actor.websocketBy : actor.by;
}

export function routeOf(config: RegistryConfig, { owner, name }: MatrixRow) {
  return config.services.find((service) => service.name === owner)!.routes.find((route) => route.name === name)!;
}

function maxBodyOf(config: RegistryConfig, row: MatrixRow): number {
  const { maxBodySize, maxIncomingMessageSize } = config.limits;
  if (row.kind === "http") return routeOf(config, row).maxBody ?? maxBodySize;
  return row.kind === "request" ? maxBodySize : maxIncomingMessageSize;
}
