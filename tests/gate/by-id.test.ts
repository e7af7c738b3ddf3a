import { actor, memory, setup, Visitor } from "byward";
import { expect, test } from "vitest";

test("a call for an id that is nobody's creates nobody and runs nothing, however often it comes", async () => {
  let ran = 0;
  const counter = actor({ by: Visitor, state: { count: 0 }, actions: { next: () => ++ran } });
  const registry = setup({ use: { counter }, host: memory() });
  for (let attempt = 0; attempt < 3; attempt++) {
    const url = "http://127.0.0.1/actors/counter/@nobody/actions/next";
    const headers = { "content-type": "application/json" };
    const answer = await registry.fetch(new Request(url, { method: "POST", headers, body: "[]" }));
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: "not_found" }]);
  }
  expect(ran).toBe(0);
  expect((await registry.runtime()).liveInstances()).toEqual([]);
  await registry.close();
});
