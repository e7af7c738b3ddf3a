/** Deliveries that name themselves: once done, never again; ruling 21, 22 and G9 on services. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { party, type Registry, service, setup, signature, UserError } from "byward";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { VirtualClock } from "../../src/hosts/memory/clock.ts";
import { SqliteStore } from "../../src/hosts/node/store/sqlite-store.ts";
import { closing, createRig, post, type Rig, show, sign } from "./rig.ts";

const Hook = party("Hook", {
  auth: signature({
    secret: "HOOK",
    header: "X-Signature",
    timestamp: "X-Timestamp",
    tolerance: 300,
    id: { claim: "id" },
  }),
});
const Ordered = party("Ordered", {
  auth: signature({
    secret: "HOOK",
    header: "X-Signature",
    timestamp: "X-Timestamp",
    tolerance: 300,
    id: { claim: "id" },
    order: { claim: "seq" },
  }),
});

interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
}
function deferred(): Deferred {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settled) => {
    resolve = settled;
  });
  return { promise, resolve };
}

interface Setting {
  readonly registry: Registry;
  readonly rig: Rig;
  readonly ran: string[];
  /** What the next handler does. */
  act: () => unknown;
  deliver(id: string, options?: { path?: string; body?: object; secret?: string }): Promise<Response>;
}

function createSetting(rig: Rig = createRig(), isAllowed: () => boolean = () => true): Setting {
  const ran: string[] = [];
  const setting: Setting = {
    rig,
    ran,
    act: () => "done",
    registry: setup({
      host: rig.host,
      services: {
        hooks: service({
          canInvoke: (_c, invoke) => (invoke.name === "POST /second" ? Promise.resolve(isAllowed()) : isAllowed()),
          routes: {
            "POST /hook": {
              by: Hook,
              body: z.object({ id: z.string(), bad: z.boolean().optional() }).refine(({ bad }) => bad !== true),
              handle: (c) => {
                ran.push(c.body.id);
                return setting.act();
              },
            },
            "POST /second": {
              by: Hook,
              handle: () => {
                ran.push("second");
                return "done";
              },
            },
            "POST /ordered": {
              by: Ordered,
              body: z.object({ id: z.string(), seq: z.number() }),
              handle: (c) => {
                ran.push(`seq ${c.body.seq}`);
                return "done";
              },
            },
          },
        }),
      },
    }),
    deliver: (id, { path = "/hook", body = {}, ...options } = {}) => {
      const text = JSON.stringify({ id, ...body });
      return setting.registry.fetch(post(path, text, sign(text, rig.clock.now(), options)));
    },
  };
  return setting;
}

test("a delivery whose handler succeeded is answered as done and does not run again", async () => {
  const setting = createSetting();
  closing(setting.registry);
  expect((await setting.deliver("a")).status).toBe(200);
  const again = await setting.deliver("a");
  expect([again.status, again.headers.get("byward-duplicate"), await again.text()]).toEqual([200, "true", ""]);
  expect((await setting.deliver("b")).headers.get("byward-duplicate")).toBeNull();
  expect(setting.ran).toEqual(["a", "b"]);
  expect((await setting.rig.decisions(setting.registry)).slice(0, 2)).toEqual([
    "http POST /hook Hook ok",
    "http POST /hook Hook duplicate replay.done",
  ]);
});

test("the id counts as long as the delivery verifies, also when it was signed anew", async () => {
  const setting = createSetting();
  closing(setting.registry);
  await setting.deliver("a");
  await setting.rig.clock.advance(200_000);
  expect((await setting.deliver("a")).headers.get("byward-duplicate")).toBe("true");
  expect(setting.ran).toEqual(["a"]);
});

test("the same delivery under way is answered 409 with a time to come back", async () => {
  const setting = createSetting();
  closing(setting.registry);
  const gate = deferred();
  setting.act = () => gate.promise;
  const first = setting.deliver("a");
  await expect.poll(() => setting.ran.length).toBe(1);
  const second = await setting.deliver("a");
  expect(await show(second.clone())).toBe("409 request/in_progress");
  expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(0);
  gate.resolve();
  expect((await first).status).toBe(204);
  expect((await setting.deliver("a")).headers.get("byward-duplicate")).toBe("true");
  expect(setting.ran).toEqual(["a"]);
});

test("a delivery whose handler answers by a thenable fails and is done as one that answers by a promise", async () => {
  const setting = createSetting();
  closing(setting.registry);
  // biome-ignore lint/suspicious/noThenProperty: a query that is sent when it is waited for, and has nothing but `then`
  setting.act = () => ({ then: (_ok: unknown, no: (error: Error) => void) => no(new Error("no")) });
  expect((await setting.deliver("a")).status).toBe(500);
  // biome-ignore lint/suspicious/noThenProperty: as above
  setting.act = () => ({ then: (ok: (value: string) => void) => ok("done") });
  expect((await setting.deliver("a")).headers.get("byward-duplicate")).toBeNull();
  expect((await setting.deliver("a")).headers.get("byward-duplicate")).toBe("true");
  expect(setting.ran).toEqual(["a", "a"]);
});

test("twenty equal deliveries at once run once", async () => {
  const setting = createSetting();
  closing(setting.registry);
  const answers = await Promise.all(Array.from({ length: 20 }, () => setting.deliver("a")));
  expect(setting.ran).toEqual(["a"]);
  for (const answer of answers) {
    const isOk = answer.status === 200 || answer.status === 409;
    expect(isOk, String(answer.status)).toBe(true);
  }
});

test.each<[string, () => unknown, number]>([
  [
    "throws",
    () => {
      throw new Error("down");
    },
    500,
  ],
  ["rejects", () => Promise.reject(new Error("down")), 500],
  [
    "says a UserError",
    () => {
      throw new UserError("not yet");
    },
    400,
  ],
  ["answers 503", () => new Response(null, { status: 503 }), 503],
  ["answers 404", () => new Response(null, { status: 404 }), 404],
  ["returns what no JSON can say", () => () => 1, 500],
])("a handler that %s leaves the delivery to run again", async (_what, act, status) => {
  const setting = createSetting();
  closing(setting.registry);
  setting.act = act;
  expect((await setting.deliver("a")).status).toBe(status);
  setting.act = () => "done";
  expect((await setting.deliver("a")).status).toBe(200);
  expect((await setting.deliver("a")).headers.get("byward-duplicate")).toBe("true");
  expect(setting.ran).toEqual(["a", "a"]);
});

test("a payload that is refused, and a decision that denies, leave it to run again", async () => {
  let isAllowed = false;
  const setting = createSetting(createRig(), () => isAllowed);
  closing(setting.registry);
  expect((await setting.deliver("a")).status).toBe(403);
  expect((await setting.deliver("a", { path: "/second" })).status).toBe(403);
  isAllowed = true;
  expect((await setting.deliver("a", { path: "/second" })).status).toBe(200);
  expect((await setting.deliver("a", { body: { bad: true } })).status).toBe(400);
  expect((await setting.deliver("a")).status).toBe(200);
  expect(setting.ran).toEqual(["second", "a"]);
});

test("a forged delivery is judged before its id: it neither runs nor learns what was done", async () => {
  const setting = createSetting();
  closing(setting.registry);
  await setting.deliver("a");
  const forged = await setting.deliver("a", { secret: "another-secret" });
  expect([forged.status, forged.headers.get("byward-duplicate")]).toEqual([401, null]);
  expect(setting.ran).toEqual(["a"]);
});

test("two routes run one event once each", async () => {
  const setting = createSetting();
  closing(setting.registry);
  await setting.deliver("a");
  expect((await setting.deliver("a", { path: "/second" })).headers.get("byward-duplicate")).toBeNull();
  expect((await setting.deliver("a", { path: "/second" })).headers.get("byward-duplicate")).toBe("true");
  expect(setting.ran).toEqual(["a", "second"]);
});

test("a handler that outlives its time keeps the delivery until it ends", async () => {
  const setting = createSetting();
  closing(setting.registry);
  const gate = deferred();
  setting.act = () => gate.promise;
  const late = setting.deliver("a");
  await expect.poll(() => setting.ran.length).toBe(1);
  await setting.rig.clock.advance(60_000);
  expect((await late).status).toBe(504);
  expect((await setting.deliver("a")).status).toBe(409);
  gate.resolve();
  await expect.poll(async () => (await setting.deliver("a")).headers.get("byward-duplicate")).toBe("true");
  expect(setting.ran).toEqual(["a"]);
});

test("a handler that outlives its time and then fails has not done the delivery: it runs again", async () => {
  const setting = createSetting();
  closing(setting.registry);
  const gate = deferred();
  setting.act = () => gate.promise.then(() => new Response(null, { status: 503 }));
  const late = setting.deliver("a");
  await expect.poll(() => setting.ran.length).toBe(1);
  await setting.rig.clock.advance(60_000);
  expect((await late).status).toBe(504);
  gate.resolve();
  setting.act = () => undefined;
  await expect.poll(async () => (await setting.deliver("a")).status).not.toBe(409);
  expect(setting.ran).toEqual(["a", "a"]);
});

test("what was done is on disk before its sender is told, and stays done after a restart", async () => {
  const directory = await mkdtemp(join(tmpdir(), "byward-deliveries-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const clock = new VirtualClock();
  const first = createSetting(createRig({ clock, store: await SqliteStore.open({ directory }) }));
  expect((await first.deliver("a")).status).toBe(200);
  await first.registry.close();
  const second = createSetting(createRig({ clock, store: await SqliteStore.open({ directory }) }));
  closing(second.registry);
  expect((await second.deliver("a")).headers.get("byward-duplicate")).toBe("true");
  expect((await second.deliver("b")).status).toBe(200);
  expect((await second.deliver("b")).headers.get("byward-duplicate")).toBe("true");
  expect(second.ran).toEqual(["b"]);
});

test("a record that cannot be written is no success: 5xx, and the delivery may run again", async () => {
  const rig = createRig();
  const setting = createSetting(rig);
  closing(setting.registry);
  await setting.deliver("a");
  const { commit } = rig.store;
  rig.store.commit = () => Promise.reject(new Error("the disk is gone"));
  expect((await setting.deliver("b")).status).toBe(500);
  rig.store.commit = commit.bind(rig.store);
  expect((await setting.deliver("b")).status).toBe(200);
  expect(setting.ran).toEqual(["a", "b", "b"]);
});

test("a promised order is kept: a gap waits outside, what was passed is replayed", async () => {
  const setting = createSetting();
  closing(setting.registry);
  const send = async (seq: number, id = `e${seq}`): Promise<string> =>
    show(await setting.deliver(id, { path: "/ordered", body: { seq } }));
  expect(await send(5)).toBe("200");
  expect(await send(7)).toBe("409 request/in_progress");
  expect(await send(6)).toBe("200");
  expect(await send(7)).toBe("200");
  expect(await send(6, "another id")).toBe("401 auth/replayed");
  expect(setting.ran).toEqual(["seq 5", "seq 6", "seq 7"]);
});

test("a position whose record could not be written has its turn again", async () => {
  const rig = createRig();
  const setting = createSetting(rig);
  closing(setting.registry);
  const send = async (seq: number): Promise<string> =>
    show(await setting.deliver(`e${seq}`, { path: "/ordered", body: { seq } }));
  expect(await send(5)).toBe("200");
  const { commit } = rig.store;
  rig.store.commit = () => Promise.reject(new Error("the disk is gone"));
  expect(await send(6)).toBe("500 byward/internal_error");
  rig.store.commit = commit.bind(rig.store);
  expect(await send(7)).toBe("409 request/in_progress");
  expect(await send(6)).toBe("200");
  expect(await send(7)).toBe("200");
});

test("the reserved rows are no actor: no path reaches them, no setup can name them", async () => {
  const setting = createSetting();
  closing(setting.registry);
  await setting.deliver("a");
  for (const path of [
    "/actors/$replay/hooks,Hook",
    "/actors/%24replay/hooks,Hook",
    "/actors/$replay/hooks,Hook/actions/x",
  ]) {
    expect((await setting.registry.fetch(post(path, []))).status).toBe(404);
  }
  expect(() => setup({ services: { $replay: service({ routes: {} }) } })).toThrow(/name/);
});
