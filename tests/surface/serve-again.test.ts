/** A start that could not listen is no start: the same registry is served again, with all that belongs to it. */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, type Decision, type DecisionSink, service, setup, Visitor } from "byward";
import { telemetry } from "byward/telemetry";
import { expect, onTestFinished, test } from "vitest";

/** A sink that is one registry's at a time, as a file is. */
function sink(): DecisionSink & { readonly seen: string[]; readonly isOpen: boolean } {
  const seen: string[] = [];
  let open = false;
  return {
    seen,
    get isOpen() {
      return open;
    },
    start: () => {
      if (open) throw new Error("open already");
      open = true;
    },
    record: ({ name }: Decision) => {
      if (!open) throw new Error("not open");
      seen.push(name);
    },
    close: async () => {
      open = false;
    },
  };
}

test("a registry whose port was taken is served on another one: actors, services and the decision log", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const dataDir = await mkdtemp(join(tmpdir(), "byward-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const room = actor({ by: Visitor, state: { count: 0 }, actions: { add: (c) => ++c.state.count } });
  const api = service({ by: Visitor, routes: { "GET /hello": { handle: () => "hello" } } });
  const log = sink();
  const registry = setup({ use: { room }, services: { api }, decisions: [log, telemetry()] });
  const { port } = other.address() as AddressInfo;
  await expect(registry.serve({ port, dataDir })).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect(log.isOpen).toBe(false);

  const served = await registry.serve({ port: 0, dataDir });
  onTestFinished(() => served.close());
  const added = await fetch(`${served.url}/actors/room/a/actions/add`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "[]",
  });
  expect(await added.json()).toEqual({ output: 1 });
  expect(await (await fetch(`${served.url}/hello`)).json()).toBe("hello");
  expect(log.seen).toEqual(["add", "GET /hello"]);
  expect(await registry.bumpEpoch()).toBe(1);
});

test("a registry that is served is not served a second time", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "byward-"));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const registry = setup({ use: { room: actor({ by: Visitor, actions: { add: () => 1 } }) } });
  const served = await registry.serve({ port: 0, dataDir });
  onTestFinished(() => served.close());
  await expect(registry.serve({ port: 0, dataDir: join(dataDir, "other") })).rejects.toMatchObject({
    code: "registry.started",
  });
  expect((await fetch(`${served.url}/actors/room/a`)).status).toBe(404);
});
