/** A call that was decided under a policy that is replaced before its handler runs is decided again (G7). */
import { actor, queue, service, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { virtual } from "./virtual.ts";

/** A body that comes when the test says so. */
function slowBody() {
  let send: (text: string) => void = () => {};
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      send = (text) => {
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      };
    },
  });
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: stream, duplex: "half" };
  return { init: init as RequestInit, send: (text: string) => send(text) };
}

function createRoom() {
  const ran: string[] = [];
  const policy = { allows: true, asked: 0, answer: null as Promise<boolean> | null };
  const held: (() => void)[] = [];
  const room = actor({
    by: Visitor,
    state: { decisions: 0 },
    queues: { jobs: queue<string>() },
    guards: { actions: { inTurn: { serial: true } } },
    canInvoke: (c, invoke) => {
      policy.asked += 1;
      c.state.decisions += 1;
      const { answer, allows } = policy;
      policy.answer = null;
      if (invoke.kind === "action" && invoke.name === "look") return true;
      return answer ?? allows;
    },
    onRequest: () => {
      ran.push("request");
      return new Response("here");
    },
    actions: {
      look: (c) => c.queue.tryNext().then((job) => job?.body ?? null),
      act: (_c, text: string) => ran.push(text),
      inTurn: async (_c, text: string) => {
        ran.push(text);
        await new Promise<void>((resolve) => held.push(resolve));
        return text;
      },
    },
  });
  const registry = setup({ use: { room } });
  const replace = async (allows: boolean): Promise<void> => {
    policy.allows = allows;
    await registry.bumpEpoch();
  };
  return { ran, policy, held, registry, replace };
}

const AT = "/actors/room/a";

async function reasons(v: Awaited<ReturnType<typeof virtual>>): Promise<string[]> {
  const { decisions } = await v.registry.runtime();
  return decisions.recent().map(({ kind, outcome, reason }) => `${kind} ${outcome} ${reason}`.trim());
}

test("a body that comes after the policy was replaced is judged by the new one", async () => {
  const { ran, registry, replace } = createRoom();
  const v = await virtual(registry);
  for (const path of ["actions/act", "queues/jobs"]) {
    const body = path === "actions/act" ? '["late"]' : '{"body":"late"}';
    await replace(true);
    const refused = slowBody();
    const asking = v.fetch(`${AT}/${path}`, refused.init);
    await v.settle();
    await replace(false);
    refused.send(body);
    const answer = await asking;
    expect([path, answer.status]).toEqual([path, 403]);
    const told = ((await answer.json()) as { correlationId: string }).correlationId;
    const last = (await registry.runtime()).decisions.recent().at(-1)!;
    expect(last).toMatchObject({ outcome: "forbidden", reason: "can_invoke.false", correlationId: told });

    await replace(true);
    const allowed = slowBody();
    const again = v.fetch(`${AT}/${path}`, allowed.init);
    await v.settle();
    await replace(true);
    allowed.send(body.replace("late", "good"));
    expect((await again).status).toBe(200);
  }
  expect(ran).toEqual(["good"]);
  const look = { method: "POST", headers: { "content-type": "application/json" }, body: "[]" };
  expect(await (await v.fetch(`${AT}/actions/look`, look)).json()).toEqual({ output: "good" });
});

test("an action that waits for its turn is judged by the policy of its turn", async () => {
  const { ran, held, registry, replace } = createRoom();
  const v = await virtual(registry);
  const socket = await v.rpc(AT);
  for (const [index, text] of ["one", "two", "three"].entries()) {
    socket.say({ t: "action", id: index + 1, name: "inTurn", args: [text] });
  }
  await v.settle();
  await replace(false);
  held[0]!();
  await v.settle();
  expect(ran).toEqual(["one"]);
  expect(socket.of("result")).toMatchObject([{ id: 1, output: "one" }]);
  expect(socket.of("error")).toMatchObject([
    { id: 2, group: "auth", code: "forbidden" },
    { id: 3, group: "auth", code: "forbidden" },
  ]);
  expect((await reasons(v)).slice(-2)).toEqual([
    "action forbidden can_invoke.false",
    "action forbidden can_invoke.false",
  ]);
});

test("a decision that was under way when the policy was replaced is taken again, and what it changed is dropped", async () => {
  const { ran, policy, registry, replace } = createRoom();
  const v = await virtual(registry);
  const calls: [string, RequestInit][] = [
    [`${AT}/request/`, {}],
    [`${AT}/actions/act`, { method: "POST", headers: { "content-type": "application/json" }, body: '["late"]' }],
  ];
  for (const [path, init] of calls) {
    for (const allows of [false, true]) {
      await replace(true);
      let answer: (allowed: boolean) => void = () => {};
      policy.answer = new Promise((resolve) => {
        answer = resolve;
      });
      policy.asked = 0;
      const asking = v.fetch(path, init);
      await v.settle();
      await replace(allows);
      answer(true);
      expect((await asking).status).toBe(allows ? 200 : 403);
      expect(policy.asked).toBe(2);
    }
  }
  expect(ran).toEqual(["request", "late"]);
});

test("a decision that is overtaken by a new policy again and again is given up, and nothing runs", async () => {
  let asked = 0;
  let ran = 0;
  const room = actor({
    by: Visitor,
    canInvoke: async (): Promise<boolean> => {
      asked += 1;
      await registry.bumpEpoch();
      return true;
    },
    actions: { act: () => ++ran },
  });
  const registry = setup({ use: { room } });
  const v = await virtual(registry);
  const headers = { "content-type": "application/json" };
  const answer = await v.fetch(`${AT}/actions/act`, { method: "POST", headers, body: "[]" });
  expect([answer.status, asked, ran]).toEqual([503, 8, 0]);
});

test("a request to a service whose body comes, or whose decision ends, after the policy was replaced is judged by the new one", async () => {
  const ran: unknown[] = [];
  let allows = true;
  let slowly: Promise<boolean> | null = null;
  let asked = 0;
  const Any = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;
  const api = service({
    by: Visitor,
    canInvoke: (_c, _invoke) => {
      asked += 1;
      const answer = slowly;
      slowly = null;
      return answer ?? allows;
    },
    routes: { "POST /act": { body: Any as never, handle: (c) => ran.push(c.body) } },
  });
  const registry = setup({ services: { api } });
  const v = await virtual(registry);
  const told = async (answer: Response): Promise<unknown> => {
    const { correlationId } = (await answer.json()) as { correlationId: string };
    const { reason, correlationId: recorded } = (await registry.runtime()).decisions.recent().at(-1)!;
    expect(recorded).toBe(correlationId);
    return [answer.status, reason];
  };
  for (const next of [false, true]) {
    allows = true;
    const late = slowBody();
    const asking = v.fetch("/act", late.init);
    await v.settle();
    allows = next;
    await registry.bumpEpoch();
    late.send('"late"');
    const answer = await asking;
    if (next) expect(answer.status).toBe(200);
    else expect(await told(answer)).toEqual([403, "can_invoke.false"]);
  }
  expect([ran, asked]).toEqual([["late"], 4]);

  let decide: (verdict: boolean) => void = () => {};
  slowly = new Promise((resolve) => {
    decide = resolve;
  });
  const headers = { "content-type": "application/json" };
  const asking = v.fetch("/act", { method: "POST", headers, body: '"again"' });
  await v.settle();
  allows = false;
  await registry.bumpEpoch();
  decide(true);
  expect(await told(await asking)).toEqual([403, "can_invoke.false"]);
  expect([ran, asked]).toEqual([["late"], 6]);
});
