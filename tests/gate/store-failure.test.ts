/** A store that fails: writers are told so, nothing half-done is seen by anybody, readers go on, and it heals by itself. */
import { actor, event, memory, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { MemoryStore } from "../../src/hosts/memory/store.ts";
import { StoreError, type StoreFailure, type WriteSet } from "../../src/hosts/port.ts";
import { inboundOf } from "../../src/registry/fetch.ts";
import { TestSocket } from "./virtual.ts";

class FailingStore extends MemoryStore {
  failure: StoreFailure | null = null;
  override commit(writes: WriteSet): Promise<void> {
    if (this.failure !== null) return Promise.reject(new StoreError(this.failure, "the disk is full"));
    return super.commit(writes);
  }
}

async function world() {
  const clock = new VirtualClock();
  const store = new FailingStore();
  const created: string[] = [];
  const registry = setup({
    use: {
      counter: actor({
        by: Visitor,
        state: { n: 0 },
        events: { changed: event<number>() },
        onCreate: (c) => void created.push(c.key[0]!),
        actions: {
          add: (c) => {
            c.state.n += 1;
            c.broadcast("changed", c.state.n);
            return c.state.n;
          },
          read: (c) => c.state.n,
        },
      }),
    },
  });
  const edge = await registry.start(memory({ clock, store }));
  const call = async (action: string, key = "one") => {
    const response = await registry.fetch(
      new Request(`http://localhost/actors/counter/${key}/actions/${action}`, {
        method: "POST",
        body: "[]",
        headers: { "content-type": "application/json" },
      }),
    );
    return { status: response.status, retry: response.headers.get("retry-after"), body: await response.json() };
  };
  return { clock, store, edge, call, created };
}

for (const [failure, status, code] of [
  ["full", 503, "unavailable"],
  ["failed", 500, "internal_error"],
] as const) {
  test(`a commit that fails as ${failure} is ${status} for the writer; its change is seen by nobody, and the next write goes on`, async () => {
    const { store, call } = await world();
    expect((await call("add")).body).toEqual({ output: 1 });
    store.failure = failure;
    const refused = await call("add");
    expect(refused).toMatchObject({ status, body: { code } });
    if (failure === "full") expect(Number(refused.retry)).toBeGreaterThan(0);
    expect((await call("read")).body).toEqual({ output: 1 });
    store.failure = null;
    expect((await call("read")).body).toEqual({ output: 1 });
    expect((await call("add")).body).toEqual({ output: 2 });
  });
}

test("an actor whose first commit fails does not exist", async () => {
  const { store, call, created } = await world();
  store.failure = "full";
  expect((await call("add", "new")).status).toBe(503);
  store.failure = null;
  expect((await call("add", "new")).body).toEqual({ output: 1 });
  expect(created).toEqual(["new", "new"]);
});

test("an event of a change that did not become durable reaches no subscriber", async () => {
  const { store, call, edge, clock } = await world();
  await call("add");
  const request = new Request("http://localhost/actors/counter/one/connect", {
    headers: { "sec-websocket-protocol": "byward.v1" },
  });
  const socket = new TestSocket("byward.v1");
  (await edge.upgrade(inboundOf(request, { publicUrl: null }))).serve(socket);
  socket.say({ t: "hello" });
  await clock.drain();
  socket.say({ t: "subscribe", id: 1, name: "changed" });
  await clock.drain();
  store.failure = "full";
  await call("add");
  await clock.drain();
  expect(socket.of("event")).toEqual([]);
  expect(socket.closed?.code).toBe(1001);
});
