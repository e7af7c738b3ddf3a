import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, event, setup, Visitor } from "byward";
import { afterEach, expect, test } from "vitest";

let dataDir: string;
afterEach(() => rm(dataDir, { recursive: true }));

const serve = async (answer: Promise<void> = Promise.resolve()) => {
  dataDir = await mkdtemp(join(tmpdir(), "byward-drain-"));
  const room = actor({
    by: Visitor,
    events: { posted: event() },
    actions: { wait: () => answer.then(() => "done") },
  });
  return setup({ use: { room } }).serve({ port: 0, dataDir });
};

test("closing ends streams of events and does not wait for them", async () => {
  const served = await serve();
  const stream = await fetch(`${served.url}/actors/room/1/events/posted`);
  const startedAt = performance.now();
  await served.close();
  expect(performance.now() - startedAt).toBeLessThan(8000);
  expect(await stream.text()).toMatch(/^event: ready\n/);
});

test("closing waits for an action in flight, which is answered", async () => {
  let finish = (): void => {};
  const served = await serve(new Promise((done) => (finish = done)));
  const call = fetch(`${served.url}/actors/room/1/actions/wait`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  await new Promise((done) => setTimeout(done, 200));
  const closing = served.close();
  finish();
  expect(await (await call).json()).toEqual({ output: "done" });
  await closing;
});
