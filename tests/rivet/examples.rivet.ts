/** The examples on a Rivet Engine without a changed line, each driven by the script that drives them on every other host. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type SetupOptions, setup } from "byward";
import { createClient } from "byward/client";
import { launchEngine, type RivetServed, serveOnRivet } from "byward/rivet";
import type { RunningHost } from "byward/testing";
import { expect, onTestFinished, test } from "vitest";
import { chatRoom } from "../../examples/chat/room.ts";
import { web } from "../../examples/chat/web/service.ts";
import { emit, writeFiles } from "../bynk/emit/support/compiled.ts";
import { CHAT_SECRET, driveChat } from "../hosts/chat.ts";
import { driveShop, SHOP_SECRETS, shopSources } from "../hosts/shop.ts";
import { steadyPort } from "../support/steady-port.ts";
import { engineBinary, loadKit } from "./kit.ts";

async function onRivet(options: SetupOptions): Promise<RunningHost> {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-rivet-"));
  const engine = await launchEngine({ dataDir, port: 0, binary: engineBinary });
  onTestFinished(async () => {
    await engine.close();
    await rm(dataDir, { recursive: true, force: true });
    expect(() => process.kill(engine.pid, 0), "the engine is gone").toThrow();
  });
  const rivetkit = await loadKit();
  let registry = setup(options);
  const serve = (port: number): Promise<RivetServed> => serveOnRivet(registry, { ...engine, rivetkit, port });
  let running = await serve(await steadyPort());
  onTestFinished(() => running.close());
  return {
    createClient: (given) => createClient({ ...given, endpoint: running.url }),
    fetch: (path, init) => fetch(running.url + path, init),
    revoke: (query) => registry.revoke(query),
    now: () => Date.now(),
    elapse: (ms) => new Promise((done) => setTimeout(done, ms)),
    restart: async () => {
      await running.close();
      registry = setup(options);
      running = await serve(running.port);
    },
    stop: () => running.close(),
  };
}

test("the chat on Rivet", { timeout: 120_000 }, async () => {
  process.env["AUTH_JWT_SECRET"] = CHAT_SECRET;
  await driveChat(await onRivet({ use: { chatRoom }, services: { web }, skew: 0 } as unknown as SetupOptions));
});

test("the shop on Rivet", { timeout: 120_000 }, async () => {
  Object.assign(process.env, SHOP_SECRETS);
  const folder = writeFiles(emit(shopSources));
  const load = async (name: string) =>
    ((await import(pathToFileURL(join(folder, "shop", `${name}.ts`)).href)) as { definition: object }).definition;
  const services = { ...(await load("api")), ...(await load("pricing")) };
  await driveShop(await onRivet({ services } as SetupOptions));
});
