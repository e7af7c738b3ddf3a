/** Owns what tests of services share: a registry on a virtual clock, credentials good and bad, a log that can be read. */
import { createHmac } from "node:crypto";
import { memory, type Registry } from "byward";
import { onTestFinished } from "vitest";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { MemoryStore } from "../../src/hosts/memory/store.ts";
import { nodeDigests } from "../../src/hosts/node/host.ts";
import type { ActorStore, Host, Logger } from "../../src/hosts/port.ts";
import { inboundOf, toResponse } from "../../src/registry/fetch.ts";
import { token } from "../vectors/tokens.ts";

export const KEY = "0123456789abcdef0123456789abcdef";
export const OTHER_KEY = "fedcba9876543210fedcba9876543210";
export const HOOK = "a-webhook-secret";
export const ENV = { KEY, HOOK, OTHER_KEY };

export interface LogLine {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly host: Host;
  readonly store: ActorStore;
  readonly lines: readonly LogLine[];
  /** `Authorization` of a good token. */
  bearer(subject: string, claims?: Record<string, unknown>): Record<string, string>;
  /** A request as if from this address. */
  from(registry: Registry, address: string, request: Request): Promise<Response>;
  /** The last decisions, as `kind name party outcome reason`. */
  decisions(registry: Registry): Promise<readonly string[]>;
}

export function createRig(options: { readonly store?: ActorStore; readonly clock?: VirtualClock } = {}): Rig {
  const clock = options.clock ?? new VirtualClock();
  const store = options.store ?? new MemoryStore();
  const lines: LogLine[] = [];
  const host = memory({ clock, store, env: ENV, log: collect(lines, {}), ...nodeDigests });
  return {
    clock,
    host,
    store,
    lines,
    bearer: (subject, claims = {}) => {
      const now = Math.floor(clock.now() / 1000);
      const payload = { sub: subject, iat: now, exp: now + 600, ...claims };
      return { authorization: `Bearer ${token({ payload, secret: KEY })}` };
    },
    from: async (registry, address, request) => {
      const edge = await registry.edge();
      return toResponse(await edge.handle(inboundOf(request, { publicUrl: null }, address)));
    },
    decisions: async (registry) =>
      (await registry.runtime()).decisions
        .recent()
        .map(({ kind, name, party, outcome, reason }) => [kind, name, party ?? "-", outcome, reason].join(" ").trim()),
  };
}

function collect(lines: LogLine[], bound: object): Logger {
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields: { ...bound, ...fields }, message });
    };
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => collect(lines, { ...bound, ...fields }),
  };
}

/** Closes it when the test ends. */
export function closing(registry: Registry): Registry {
  onTestFinished(() => registry.close());
  return registry;
}

export const url = (path: string): string => `http://service.test${path}`;

export function post(path: string, body: unknown, headers: Record<string, string> = {}): Request {
  return new Request(url(path), {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });
}

export function get(path: string, headers: Record<string, string> = {}, method = "GET"): Request {
  return new Request(url(path), { method, headers });
}

/** Headers of a signed delivery in the plain form; `time` in epoch ms. */
export function sign(
  body: string,
  time: number,
  options: { secret?: string; id?: string } = {},
): Record<string, string> {
  const seconds = String(Math.floor(time / 1000));
  const digest = createHmac("sha256", options.secret ?? HOOK)
    .update(`${seconds}.${body}`)
    .digest("hex");
  return {
    "x-signature": `sha256=${digest}`,
    "x-timestamp": seconds,
    ...(options.id === undefined ? {} : { "x-id": options.id }),
  };
}

export async function show(response: Response): Promise<string> {
  const text = await response.text();
  let code = "";
  try {
    const body = JSON.parse(text) as { group?: string; code?: string };
    if (body?.group !== undefined) code = ` ${body.group}/${body.code}`;
  } catch {
    // Not JSON: the status says it all.
  }
  return `${response.status}${code}`;
}
