/** The examples run on memory, Node and workerd without a changed line, each driven by the same script; on Rivet see tests/rivet. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { SetupOptions } from "byward";
import { createClient } from "byward/client";
import type { RunningHost } from "byward/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { chatRoom } from "../../examples/chat/room.ts";
import { web } from "../../examples/chat/web/service.ts";
import { emit, writeFiles } from "../bynk/emit/support/compiled.ts";
import { hasWorkerd, startWorker, type WorkerOptions } from "../cloudflare/workerd.ts";
import { CHAT_SECRET, driveChat } from "./chat.ts";
import { onMemory, onNode } from "./running.ts";
import { driveShop, SHOP_SECRETS, shopSources } from "./shop.ts";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const chatOptions = { use: { chatRoom }, services: { web }, skew: 0 } as unknown as SetupOptions;

/** Stops with the test. */
async function lasting(host: Promise<RunningHost>): Promise<RunningHost> {
  const running = await host;
  onTestFinished(() => running.stop());
  return running;
}

async function onWorkerd(options: WorkerOptions): Promise<RunningHost> {
  const workerd = await startWorker(options);
  onTestFinished(async () => {
    await workerd.stop();
    expect(() => process.kill(workerd.child.pid!, 0), "no process is left").toThrow();
  });
  return {
    createClient: (clientOptions) => createClient(workerd.url, clientOptions),
    fetch: (to, init) => fetch(workerd.url + to, init),
    revoke: async (query) => {
      const answer = await fetch(`${workerd.url}/operator/revoke`, { method: "POST", body: JSON.stringify(query) });
      if (!answer.ok) throw new Error(`revoke: ${answer.status} ${await answer.text()}`);
      return answer.json();
    },
    now: () => Date.now(),
    elapse: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    restart: workerd.restart,
    stop: workerd.stop,
  };
}

/** The compiled shop in a folder of its own; `main` is a Worker of it. */
async function compileShop(): Promise<{ readonly options: SetupOptions; readonly worker: string }> {
  const folder = writeFiles({
    ...emit(shopSources),
    "main.ts": `import { setup } from "byward";
import { definition as api } from "./shop/api.ts";
import { definition as pricing } from "./shop/pricing.ts";
import { operated } from ${JSON.stringify(path("../cloudflare/operated.ts"))};
const registry = setup({ services: { ...api, ...pricing } });
export const BywardActor = registry.worker().Actor;
export default operated(registry);
`,
  });
  const load = async (name: string) =>
    ((await import(pathToFileURL(join(folder, "shop", `${name}.ts`)).href)) as { definition: object }).definition;
  const services = { ...(await load("api")), ...(await load("pricing")) };
  return { options: { services } as SetupOptions, worker: join(folder, "main.ts") };
}

const environment = {
  AUTH_JWT_SECRET: process.env["AUTH_JWT_SECRET"],
  PAYMENTS_SECRET: process.env["PAYMENTS_SECRET"],
};
beforeAll(() => {
  // Both examples name their secret alike; each test gives it its own value before anything is served.
  process.env["PAYMENTS_SECRET"] = SHOP_SECRETS.PAYMENTS_SECRET;
});
afterAll(() => Object.assign(process.env, environment));

test("the chat on memory", async () => {
  await driveChat(await lasting(onMemory(chatOptions, { AUTH_JWT_SECRET: CHAT_SECRET })));
});

test("the chat on Node", { timeout: 60_000 }, async () => {
  process.env["AUTH_JWT_SECRET"] = CHAT_SECRET;
  await driveChat(await lasting(onNode(chatOptions)));
});

test.skipIf(!hasWorkerd)("the chat on workerd", { timeout: 60_000 }, async () => {
  await driveChat(await onWorkerd({ entry: path("chat.worker.ts"), env: { AUTH_JWT_SECRET: CHAT_SECRET } }));
});

test("the shop on memory", async () => {
  const { options } = await compileShop();
  await driveShop(await lasting(onMemory(options, SHOP_SECRETS)));
});

test("the shop on Node", { timeout: 60_000 }, async () => {
  process.env["AUTH_JWT_SECRET"] = SHOP_SECRETS.AUTH_JWT_SECRET;
  const { options } = await compileShop();
  await driveShop(await lasting(onNode(options)));
});

test.skipIf(!hasWorkerd)("the shop on workerd", { timeout: 60_000 }, async () => {
  const { worker } = await compileShop();
  const alias = { "byward/bynk/runtime": path("../../src/bynk/runtime/index.ts") };
  await driveShop(await onWorkerd({ entry: worker, env: SHOP_SECRETS, alias }));
});
