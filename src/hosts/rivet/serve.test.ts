import { expect, onTestFinished, test, vi } from "vitest";
import { actor } from "../../actors/define.ts";
import { Visitor } from "../../boundary/party.ts";
import { setup } from "../../index.node.ts";
import type { RivetKit } from "./platform.ts";
import { serveOnRivet } from "./serve.ts";

test("a runner that cannot start leaves nothing that goes on", async () => {
  const registry = setup({ use: { room: actor({ by: Visitor, state: {}, actions: { look: () => "room" } }) } });
  let isShut = false;
  const rivetkit: RivetKit = {
    actor: (config) => config,
    db: (options) => options,
    setup: () => ({
      startAndWait: () => Promise.reject(new Error("no engine")),
      shutdown: async () => {
        isShut = true;
      },
    }),
  };
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const starting = serveOnRivet(registry, { endpoint: "http://127.0.0.1:9", token: "a-token", rivetkit });
  await expect(starting).rejects.toThrow("no engine");
  expect(isShut).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
