/** Owns serving the tests' world by several threads, and plain ways to call it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createClient } from "../../src/client/index.ts";
import type { Registry, Served } from "../../src/registry/registry.ts";
import { token as mint } from "../gate/server.ts";
import { build, SECRET } from "./world.ts";

export const MODULE = new URL("./world.ts", import.meta.url);

// biome-ignore lint/suspicious/noExplicitAny: answers of the world's many actions
export type Anything = any;

export interface World {
  readonly registry: Registry;
  readonly served: Served;
  readonly url: string;
  readonly dataDir: string;
  readonly client: Anything;
  /** Calls an action over HTTP; its output, or the error's body. */
  act(key: string, action: string, ...args: unknown[]): Promise<Anything>;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly workers?: number | "auto";
  readonly module?: URL | string | null;
  readonly dataDir?: string;
  readonly more?: Parameters<typeof build>[0];
}

/** Serves until the test ends. */
export async function serveWorld(options: WorldOptions = {}): Promise<World> {
  const world = await startWorld(options);
  onTestFinished(world.close);
  return world;
}

/** Serves until the caller closes it. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "byward-shards-")));
  const registry = build(options.more) as unknown as Registry;
  const module = options.module === undefined ? MODULE : options.module;
  const served = await registry.serve({
    port: 0,
    dataDir,
    workers: options.workers ?? 2,
    ...(module === null ? {} : { module }),
  });
  const { url } = served;
  const client = createClient(url) as Anything;
  return {
    registry,
    served,
    url,
    dataDir,
    client,
    act: async (key, action, ...args) => (await call(url, key, action, args)).body,
    close: async () => {
      await client.dispose();
      await served.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export const token = (sub: string): Promise<string> => mint(sub, {}, SECRET);

export async function call(
  url: string,
  key: string,
  action: string,
  args: readonly unknown[] = [],
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Anything }> {
  const response = await fetch(`${url}/actors/node/${key}/actions/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(args),
  });
  const body = (await response.json()) as Anything;
  return { status: response.status, headers: response.headers, body: response.ok ? body.output : body };
}

/** Two keys that live in different threads, and the threads they live in. */
export async function apart({ act }: World): Promise<{ readonly here: string; readonly there: string }> {
  const first = await act("k0", "thread");
  for (let at = 1; at < 64; at++) {
    if ((await act(`k${at}`, "thread")) !== first) return { here: "k0", there: `k${at}` };
  }
  throw new Error("every key lives in one thread");
}

export async function until(isTrue: () => Promise<boolean> | boolean, what: string, patience = 30_000): Promise<void> {
  const end = Date.now() + patience;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`not in ${patience} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
