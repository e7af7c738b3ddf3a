/** Every error a peer can get is produced here, by its code; a code without a way to it fails. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { actor, anyOf, bearer, Caller, event, party, queue, setup, UserError, Visitor } from "byward";
import type { ActorError } from "byward/client";
import { setupTest, type TestKit } from "byward/testing";
import { expect, test } from "vitest";
import { z } from "zod";
import { signature } from "../../src/boundary/schemes/signature.ts";
import { inboundOf } from "../../src/registry/fetch.ts";
import { clientCodes, serverCodes } from "./error-codes.ts";

const User = party("User", { auth: bearer({ secret: "USER_SECRET" }) });
const Hook = party("Hook", {
  auth: signature({ secret: "HOOK_SECRET", header: "x-sig", timestamp: "x-time", id: "x-id" }),
});

/** What the definitions read while a test runs; set back before each. */
const knobs = { version: 1, isShapeGood: true };
let leaked: { complete(reply?: unknown): Promise<void> } | undefined;
let oldView: { n: number } | undefined;
let release: () => void = () => {};
const gate = (): Promise<void> =>
  new Promise((resolve) => {
    release = resolve;
  });

const faulty = actor({
  by: anyOf(User, Hook, Caller, Visitor),
  state: { n: 0, text: "" },
  schema: z.looseObject({ n: z.number() }).refine(() => knobs.isShapeGood) as never,
  migrate: {
    get version() {
      return knobs.version;
    },
    up: (state) => state as { n: number; text: string },
  },
  options: { maxStateSize: 10_000, maxQueueSize: 3, maxQueueMessageSize: 1000 },
  events: { typed: event(z.number() as never), slow: event(z.string().refine(async () => true) as never) },
  queues: {
    jobs: queue<unknown>(),
    typed: { message: z.number() },
    replies: queue({ complete: z.number() as never }),
    poison: queue<string>({ maxAttempts: 1 }),
  },
  guards: { actions: { typed: { input: z.number() }, atomic: { atomic: true }, private: { by: User } } },
  actions: {
    n: (c) => c.state.n,
    set: (c, n: number) => {
      c.state.n = n;
    },
    typed: (_c, n) => n,
    private: () => "seen",
    sleep: (c) => c.sleep(),
    throws: () => {
      throw new Error("a secret");
    },
    user: () => {
      throw new UserError("told");
    },
    hangs: () => new Promise(() => {}),
    waits: () => gate(),
    long: () => "x".repeat(2_000_000),
    emit: (c) => c.broadcast("typed", "not a number" as never),
    emitSlow: (c) => c.broadcast("slow", "text" as never),
    receive: (c) => c.queue.next(),
    badOption: (c) => c.queue.next({ timeout: Number.NaN }),
    twice: async (c) => {
      const message = await c.queue.next({ names: ["jobs"], completable: true });
      await message!.complete();
      await message!.complete();
    },
    tooEarly: async (c) => {
      await c.queue.next({ names: ["jobs"], completable: true });
      await c.queue.next({ names: ["jobs"], completable: true });
    },
    leak: async (c) => {
      leaked = await c.queue.next({ names: ["jobs"], completable: true });
    },
    useLeaked: async () => leaked!.complete(),
    badReply: async (c) => {
      const message = await c.queue.next({ names: ["replies"], completable: true });
      await message!.complete("not a number" as never);
    },
    fails: async (c) => {
      await c.queue.next({ names: ["poison"] });
      throw new Error("cannot handle it");
    },
    enqueue: (c, size: number) => c.queue.send("jobs", "x".repeat(size)).then(() => {}),
    enqueueFunction: (c) => c.queue.send("jobs", () => {}).then(() => {}),
    keyTooLarge: (c) => c.kv.put("x".repeat(3000), "v"),
    valueTooLarge: (c) => c.kv.put("k", "x".repeat(200_000)),
    batchTooMany: (c) => c.kv.putBatch(Array.from({ length: 200 }, (_, index) => [`k${index}`, "v"] as const)),
    batchTooLarge: (c) =>
      c.kv.putBatch(Array.from({ length: 10 }, (_, index) => [`k${index}`, "x".repeat(120_000)] as const)),
    listTooLarge: async (c) => {
      for (let batch = 0; batch < 129; batch++) {
        await c.kv.putBatch(Array.from({ length: 128 }, (_, index) => [`${batch}/${index}`, ""] as const));
      }
      await c.kv.list("");
    },
    scheduleFunction: (c) => c.schedule.after(1, "n", () => {}),
    scheduleLong: (c) => c.schedule.after(1, "n", "x".repeat(70_000)),
    scheduleMany: async (c) => {
      for (let count = 0; count < 1001; count++) await c.schedule.after(1e6, "n");
    },
    scheduleCron: (c) => c.schedule.every("not a cron", "n"),
    scheduleNever: (c) => c.schedule.after(Number.NaN, "n"),
    badState: (c) => {
      (c.state as { bad?: unknown }).bad = () => {};
    },
    bigState: (c) => {
      c.state.text = "x".repeat(20_000);
    },
    atomic: async (c) => {
      c.state.n += 1;
      oldView = c.state;
      await gate();
    },
    useOld: () => {
      oldView!.n = 5;
    },
  },
  onRequest: () => new Response(),
});
const registry = setup({ use: { faulty } });
/** Codes that end a load, and what the log calls a fault whose error has no code of its own. */
const BEFORE_CALLS = new Set(["state/invalid_shape", "state/newer_version"]);
const NAME_IN_LOG: Readonly<Record<string, string>> = { "feature/unsupported": "event.async_schema" };
type Kit = TestKit<typeof registry>;

const handleOf = (kit: Kit) => kit.client.faulty.getOrCreate("k");
const post = (kit: Kit, path: string, init: RequestInit = {}): Promise<Response> =>
  kit.fetch(`/actors/faulty/k${path}`, {
    method: "POST",
    body: "[]",
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });
const refused = async (response: Promise<Response>): Promise<never> => {
  throw await (await response).json();
};
const act =
  (name: string, ...args: unknown[]) =>
  (kit: Kit) =>
    handleOf(kit).action({ name: name as "n", args: args as [] });
/** A message first, so that the action has one to receive. */
const withMessage = (queueName: "jobs" | "replies", name: string) => async (kit: Kit) => {
  await handleOf(kit).send(queueName, "message" as never);
  return act(name)(kit);
};
const signed = async (kit: Kit, id: string, path: string, age = 0): Promise<Response> => {
  const headers = await kit.sign(Hook, "[]", { id });
  await kit.clock.advance(age);
  return post(kit, path, { headers });
};

/** Opens a socket as a program may, with headers of its own; what it is told, and how it is closed. */
async function upgrade(kit: Kit, path: string, headers: Readonly<Record<string, string>>) {
  const edge = await kit.registry.edge();
  const request = new Request(`${kit.url}/actors/faulty/k${path}`, { headers });
  const { serve } = await edge.upgrade(inboundOf(request, { publicUrl: null }, "127.0.0.1"));
  return new Promise<{ said: string; code: number; reason: string }>((resolve) => {
    let said = "";
    serve({
      protocol: "",
      bufferedAmount: 0,
      attach: () => {},
      terminate: () => {},
      send: (data) => {
        said = String(data);
      },
      close: (code, reason) => resolve({ said, code, reason }),
    });
  });
}

const WAYS: Readonly<Record<string, (kit: Kit) => Promise<unknown>>> = {
  "action/invalid_request": act("typed", "not a number"),
  "action/not_found": act("nothing"),
  "action/timed_out": async (kit) => {
    const call = act("hangs")(kit);
    call.catch(() => {});
    await kit.clock.advance(60_000);
    return call;
  },
  "actor/aborted": async (kit) => {
    const call = act("receive")(kit);
    call.catch(() => {});
    await kit.clock.settle();
    await handleOf(kit).sleep();
    await kit.clock.settle();
    return call;
  },
  "actor/duplicate_key": async (kit) => {
    await kit.client.faulty.create("k");
    return kit.client.faulty.create("k");
  },
  "actor/not_found": (kit) => kit.client.faulty.get("missing").n(),
  "auth/expired": (kit) => kit.as(User, { expiresIn: -60 }).faulty.getOrCreate("k").private(),
  "auth/forbidden": (kit) => kit.client.faulty.getOrCreate("k").send("undeclared" as "jobs", 1),
  "auth/replayed": (kit) => refused(signed(kit, "old", "/actions/n", 600_000)),
  "auth/unauthenticated": (kit) => handleOf(kit).private(),
  "byward/internal_error": act("throws"),
  "byward/overloaded": async () => {
    await using kit = await setupTest(null, setup({ use: { faulty }, limits: { maxConnections: 1 } }));
    await kit.client.faulty.getOrCreate("k").connect().n();
    const second = kit.client.faulty.getOrCreate("k").connect();
    await new Promise((_, reject) => second.onError(reject));
  },
  "byward/unavailable": async (kit) => {
    await kit.registry.close();
    return handleOf(kit).n();
  },
  "event/invalid_payload": act("emit"),
  "kv/batch_too_large": act("batchTooLarge"),
  "kv/batch_too_many": act("batchTooMany"),
  "kv/key_too_large": act("keyTooLarge"),
  "kv/list_too_large": act("listTooLarge"),
  "kv/value_too_large": act("valueTooLarge"),
  "message/incoming_too_long": act("set", "x".repeat(70_000)),
  "message/invalid_message": (kit) => refused(post(kit, "/actions/n", { body: "{" })),
  "message/outgoing_too_long": act("long"),
  "params/invalid_params": async (kit) => {
    const init = { headers: { "byward-params": "%7B" } };
    const overHttp = await post(kit, "/actions/n", init).then((response) => response.json());
    const socket = await upgrade(kit, "/websocket/", init.headers);
    expect(JSON.parse(socket.said)).toMatchObject({ group: "params", code: "invalid_params" });
    expect([socket.code, socket.reason]).toEqual([1008, "params/invalid_params"]);
    throw overHttp;
  },
  "params/too_long": async (kit) => {
    const connection = kit.client.faulty.getOrCreate("k", { params: "x".repeat(5000) as never }).connect();
    await new Promise((_, reject) => connection.onError(reject));
  },
  "queue/already_completed": withMessage("jobs", "twice"),
  "queue/dead_lettered": async (kit) => {
    const receipt = handleOf(kit).send("poison", "message", { wait: true });
    receipt.catch(() => {});
    await kit.clock.settle();
    await act("fails")(kit).catch(() => {});
    await kit.clock.advance(60_000);
    return receipt;
  },
  "queue/full": async (kit) => {
    for (let count = 0; count < 4; count++) await handleOf(kit).send("jobs", count);
  },
  "queue/invalid_completion_payload": withMessage("replies", "badReply"),
  "queue/invalid_option": act("badOption"),
  "queue/invalid_payload": (kit) => handleOf(kit).send("typed", "text" as never),
  "queue/invalid_request": (kit) => refused(post(kit, "/queues/jobs", { body: '{"body":1,"more":2}' })),
  "queue/lease_lost": async (kit) => {
    await handleOf(kit).send("jobs", "message");
    await act("leak")(kit);
    await kit.clock.advance(60_000);
    return act("useLeaked")(kit);
  },
  "queue/message_invalid": act("enqueueFunction"),
  "queue/message_too_large": act("enqueue", 2000),
  "queue/previous_message_not_completed": withMessage("jobs", "tooEarly"),
  "request/duplicate": async (kit) => {
    await signed(kit, "one", "/actions/n");
    const again = await signed(kit, "one", "/actions/n");
    expect([again.status, again.headers.get("byward-duplicate"), await again.text()]).toEqual([200, "true", ""]);
    throw { group: "request", code: "duplicate" };
  },
  "request/in_progress": async (kit) => {
    const first = signed(kit, "one", "/actions/waits");
    await kit.clock.settle();
    const second = refused(signed(kit, "one", "/actions/waits"));
    second.catch(() => {});
    await kit.clock.settle();
    release();
    await first;
    return second;
  },
  "request/invalid_request": (kit) => refused(post(kit, "/actions/n", { headers: { "byward-mode": "perhaps" } })),
  "request/method_not_allowed": (kit) => refused(kit.fetch("/actors/faulty/k/actions/n")),
  "request/not_found": (kit) => refused(kit.fetch("/nowhere")),
  "request/timed_out": async (kit) => {
    const socket = new kit.WebSocket(`${kit.url.replace("http", "ws")}/actors/faulty/k/connect`, ["byward.v1"]);
    const said = new Promise<string>((resolve) => {
      socket.onmessage = ({ data }) => resolve(data as string);
    });
    const closed = new Promise<number>((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
    await kit.clock.advance(10_000);
    expect(await closed).toBe(3008);
    throw JSON.parse(await said);
  },
  "request/unsupported_media_type": (kit) =>
    refused(post(kit, "/actions/n", { headers: { "content-type": "text/plain" } })),
  "schedule/args_invalid": act("scheduleFunction"),
  "schedule/args_too_large": act("scheduleLong"),
  "schedule/full": act("scheduleMany"),
  "schedule/invalid_cron": act("scheduleCron"),
  "schedule/invalid_time": act("scheduleNever"),
  "state/conflict": async (kit) => {
    await handleOf(kit).n();
    const atomic = act("atomic")(kit);
    atomic.catch(() => {});
    await kit.clock.settle();
    await handleOf(kit).set(7);
    release();
    return atomic;
  },
  "state/too_large": act("bigState"),
  "user/user_error": act("user"),
};

/** Faults of the actor's own code: codes for the log, which no peer reads. */
const MASKED: typeof WAYS = {
  "feature/unsupported": act("emitSlow"),
  "state/ended": async (kit) => {
    const atomic = act("atomic")(kit);
    await kit.clock.settle();
    release();
    await atomic;
    return act("useOld")(kit);
  },
  "state/invalid_shape": async (kit) => {
    await handleOf(kit).n();
    await kit.restart();
    knobs.isShapeGood = false;
    return handleOf(kit).n();
  },
  "state/invalid_type": act("badState"),
  "state/newer_version": async (kit) => {
    knobs.version = 2;
    await handleOf(kit).n();
    await kit.restart();
    knobs.version = 1;
    return handleOf(kit).n();
  },
};

for (const [code, produce] of Object.entries(WAYS)) {
  test(`${code} can be met`, async (t) => {
    Object.assign(knobs, { version: 1, isShapeGood: true });
    const kit = await setupTest(t, registry);
    const error = await produce(kit).then(
      () => {
        throw new Error("nothing was refused");
      },
      (thrown: { readonly group?: string; readonly code?: string }) => thrown,
    );
    expect(`${error.group}/${error.code}`, String(error)).toBe(code);
    // Nothing of the cause but what is meant for the peer.
    expect(String((error as { message?: unknown }).message)).not.toMatch(/a secret|\bat [A-Za-z]+ \(|\/src\//);
  });
}

for (const [code, produce] of Object.entries(MASKED)) {
  test(`${code} is internal_error to a peer, over HTTP, a connection and another actor; the log has its name`, async (t) => {
    Object.assign(knobs, { version: 1, isShapeGood: true });
    const kit = await setupTest(t, registry);
    const plain = kit.client.faulty;
    const ways = {
      http: kit,
      connection: { ...kit, client: { faulty: { getOrCreate: (key: string) => plain.getOrCreate(key).connect() } } },
      actor: { ...kit, client: kit.as(Caller) },
    };
    for (const [way, through] of Object.entries(ways)) {
      // Where the state itself cannot be read, a connection is refused before any call.
      if (way === "connection" && BEFORE_CALLS.has(code)) continue;
      const error = await produce(through as unknown as Kit).then(
        () => expect.unreachable("nothing was refused"),
        (thrown: ActorError) => thrown,
      );
      const { group, code: told, message, metadata, correlationId } = error;
      expect({ way, group, told, message, metadata }).toEqual({
        way,
        group: "byward",
        told: "internal_error",
        message: "Internal error",
        metadata: undefined,
      });
      const line = kit.log.find(({ fields }) => fields["correlationId"] === correlationId);
      expect(`${String(line?.fields["reason"])} ${String(line?.fields["err"])}`).toContain(NAME_IN_LOG[code] ?? code);
      Object.assign(knobs, { version: 1, isShapeGood: true });
    }
  });
}

test("every code in the sources has a way to it, and every way a code", () => {
  expect(Object.keys({ ...WAYS, ...MASKED }).sort()).toEqual([...serverCodes()].sort());
});

test("every code of the client's own is produced by a test of the client", () => {
  const folders = ["../../src/client/", "../client/"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const tests = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.test\.tsx?$/.test(file))
      .map((file) => readFileSync(folder + file, "utf8")),
  );
  const missing = [...clientCodes()].filter((code) => {
    const name = code.slice("client/".length);
    return !tests.some(
      (text) => text.includes(`"${name}"`) || text.includes(`"${code}"`) || text.includes(`client/${name}`),
    );
  });
  expect(missing).toEqual([]);
});
