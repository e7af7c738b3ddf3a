import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, event, setup, Visitor } from "byward";
import { afterEach, expect, test } from "vitest";

let dataDir: string;
afterEach(() => rm(dataDir, { recursive: true }));

/** Longer than any test: a close that waited for it would not come to an end. */
const DRAIN = 3_600_000;

const serve = async (act: () => Promise<string> = () => Promise.resolve("done")) => {
  dataDir = await mkdtemp(join(tmpdir(), "byward-drain-"));
  const room = actor({
    by: Visitor,
    events: { posted: event() },
    actions: { wait: () => act() },
  });
  return setup({ use: { room }, limits: { drainTimeout: DRAIN } }).serve({ port: 0, dataDir });
};

test("closing ends streams of events and does not wait for them", async () => {
  const served = await serve();
  const stream = await fetch(`${served.url}/actors/room/1/events/posted`);
  await served.close();
  expect(await stream.text()).toMatch(/^event: ready\n/);
});

test("closing waits for an action in flight, which is answered", async () => {
  let finish = (): void => {};
  let begun = (): void => {};
  const beginning = new Promise<void>((done) => (begun = done));
  const served = await serve(() => {
    begun();
    return new Promise((done) => (finish = () => done("done")));
  });
  const call = fetch(`${served.url}/actors/room/1/actions/wait`, {
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  await beginning;
  const closing = served.close();
  finish();
  expect(await (await call).json()).toEqual({ output: "done" });
  await closing;
});
