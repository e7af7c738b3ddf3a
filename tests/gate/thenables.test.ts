/** What user code returns or hands over may be any thenable, such as a query that is sent when it is waited for: it counts as a promise, and leaves nothing taken. */
import { actor, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { virtual } from "./virtual.ts";

/** A thenable with nothing but `then`, which returns nothing. */
function query<T>(settle: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
  const then = (resolve: (value: T) => void, reject: (error: unknown) => void): void => settle(resolve, reject);
  return { then } as unknown as Promise<T>;
}

const posted: RequestInit = { method: "POST", headers: { "content-type": "application/json" }, body: "[]" };

test("an actor whose handlers hand thenables over still sleeps", async () => {
  const slept: string[] = [];
  const room = actor({
    by: Visitor,
    options: { sleepTimeout: 1000 },
    state: {},
    onSleep: (c) => {
      slept.push(c.key[0]!);
    },
    actions: {
      later: (c) => c.waitUntil(query((resolve) => resolve(1))),
      failing: (c) => c.waitUntil(query((_, reject) => reject(new Error("no")))),
      nothing: (c) => c.waitUntil(undefined as never),
      awake: (c) => c.keepAwake(query<number>((resolve) => resolve(7))),
      awakeForNothing: (c) => c.keepAwake(undefined as never),
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const names = ["later", "failing", "nothing", "awake", "awakeForNothing"];
  for (const name of names) await v.fetch(`/actors/room/${name}/actions/${name}`, posted);
  await v.clock.advance(5000);
  expect(slept.sort()).toEqual([...names].sort());
});

test("an action that answers by a thenable is timed, answered and corrected as one that answers by a promise", async () => {
  const room = actor({
    by: Visitor,
    options: { actionTimeout: 1000 },
    state: {},
    onBeforeActionResponse: (_c, name, _args, output) =>
      name === "replaced" ? query<unknown>((_, reject) => reject(new Error("no"))) : output,
    actions: {
      answer: () => query<number>((resolve) => resolve(7)),
      replaced: () => 7,
      hangs: () => query<number>(() => {}),
    },
  });
  const v = await virtual(setup({ use: { room } }));
  const call = async (name: string): Promise<unknown> =>
    (await v.fetch(`/actors/room/a/actions/${name}`, posted)).json();
  expect(await call("answer")).toEqual({ output: 7 });
  expect(await call("replaced")).toEqual({ output: 7 });
  const hanging = call("hangs");
  await v.clock.advance(1000);
  expect(await hanging).toMatchObject({ group: "action", code: "timed_out" });
});
