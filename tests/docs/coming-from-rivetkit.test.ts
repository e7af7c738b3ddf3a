/** Every name that `docs/coming-from-rivetkit.md` calls the same exists, with the arity it states. */
import { readFileSync } from "node:fs";
import * as byward from "byward";
import { actor, memory, setup, Visitor } from "byward";
import * as client from "byward/client";
import { createByward } from "byward/react";
import { setupTest } from "byward/testing";
import { expect, test } from "vitest";
import { checkFiles } from "../../scripts/check-docs.ts";
import { listFiles } from "../../scripts/list-files.ts";
import { type NameRow, readTables } from "./tables.ts";

const tables = readTables();
const same = (heading: string): readonly NameRow[] => {
  const rows = (tables.get(heading) ?? []).filter(({ verdict }) => verdict === "same");
  expect(rows.length, `rows under "${heading}"`).toBeGreaterThan(0);
  return rows;
};

/** What of a table's names an object does not have; types are looked up by the compiler, in a test of their own. */
function misses(heading: string, members: object): string[] {
  const values = same(heading).filter(({ arity }) => arity !== "type");
  return values.flatMap(({ name, arity }) => {
    if (!(name in members)) return [`${heading}: ${name} is not there`];
    const member = (members as Record<string, unknown>)[name];
    const found = typeof member === "function" ? String(member.length) : "–";
    return found === arity ? [] : [`${heading}: ${name} has arity ${found}, not ${arity}`];
  });
}
const expectMembers = (heading: string, members: object): void => expect(misses(heading, members)).toEqual([]);

test("every row says same, changed or absent, and the latter two say how or why", () => {
  expect([...tables.values()].flat().length).toBeGreaterThan(200);
  for (const { name, arity, verdict, note } of [...tables.values()].flat()) {
    expect(["same", "changed", "absent"], name).toContain(verdict);
    expect(arity, name).toMatch(/^(\d|–|type)$/);
    if (verdict !== "same") expect(note, `${name} is ${verdict}`).not.toBe("");
  }
});

test("names of the packages", () => {
  expectMembers("Imports of rivetkit", byward);
  expectMembers("Imports of rivetkit/client", client);
  expect(setupTest.length).toBe(2);
  expectMembers("Imports of @rivetkit/react", createByward(client.createClient("http://127.0.0.1:1")));
});

test("types of the packages", () => {
  const named = (heading: string): string =>
    same(heading)
      .filter(({ arity }) => arity === "type")
      .map(({ name }) => name)
      .join(", ");
  const text =
    `import type { ${named("Imports of rivetkit")} } from "byward";\n` +
    `import type { ${named("Imports of rivetkit/client")} } from "byward/client";\n`;
  expect(checkFiles([{ name: "types.ts", text, runs: false }])).toEqual([]);
  const wrong = `import type { NoSuchContextOf } from "byward";\n`;
  expect(checkFiles([{ name: "types.ts", text: wrong, runs: false }])).toHaveLength(1);
}, 60_000);

/** A configuration with every key and option of the page, whose hooks note how many arguments they got. */
function everyKey(calls: Map<string, number>) {
  const noting =
    <Result>(name: string, result: Result) =>
    (...args: unknown[]): Result => {
      calls.set(name, args.length);
      return result;
    };
  const output = (...args: unknown[]): unknown => {
    calls.set("onBeforeActionResponse", args.length);
    return args[3];
  };
  return {
    by: Visitor,
    createState: noting("createState", { n: 0 }),
    createVars: noting("createVars", {}),
    createConnState: noting("createConnState", {}),
    events: {},
    queues: {},
    types: {},
    options: { sleepTimeout: 1000, canHibernateWebSocket: true },
    onCreate: noting("onCreate", undefined),
    onWake: noting("onWake", undefined),
    onSleep: noting("onSleep", undefined),
    onDestroy: noting("onDestroy", undefined),
    run: noting("run", undefined),
    onStateChange: noting("onStateChange", undefined),
    onBeforeConnect: noting("onBeforeConnect", undefined),
    canInvoke: noting("canInvoke", true),
    onConnect: noting("onConnect", undefined),
    onDisconnect: noting("onDisconnect", undefined),
    onBeforeActionResponse: output,
    onRequest: (...args: unknown[]) => {
      calls.set("onRequest", args.length);
      return new Response("ok");
    },
    onWebSocket: noting("onWebSocket", undefined),
    actions: {
      change: (c: { readonly state: { n: number } }) => {
        c.state.n += 1;
      },
      end: (c: { destroy(): void }) => c.destroy(),
    },
  };
}

test("keys of actor(): hooks are called with as many arguments", async ({ onTestFinished }) => {
  const calls = new Map<string, number>();
  const config = everyKey(calls);
  const kit = await setupTest({ onTestFinished }, setup({ use: { every: actor(config) } }));
  const every = kit.client.every.getOrCreate("a");
  await every.change();
  // An answer that is not read holds its connection, and so keeps the actor awake.
  await (await every.fetch("/x")).text();
  (await every.webSocket("/y")).close();
  await kit.clock.advance(60_000);
  await every.end();
  await kit.clock.advance(1000);

  const constants = { state: {}, vars: {}, connState: {} };
  for (const { name, arity } of same("actor() keys")) {
    if (arity === "–") expect(name in { ...config, ...constants }, name).toBe(true);
    else expect(calls.get(name), `arguments of ${name}`).toBe(Number(arity));
  }
  actor({ by: Visitor, ...constants });
  expect(() => actor({ by: Visitor, db: {} } as never)).toThrow("actor.unknown_key");
});

test("options of an actor are taken", () => {
  const sample = (name: string): unknown =>
    name === "name" || name === "icon" ? "x" : name === "noSleep" || name.startsWith("can") ? true : 1;
  for (const { name } of same("Options of an actor")) {
    expect(() => actor({ by: Visitor, options: { [name]: sample(name) } } as never), name).not.toThrow();
  }
  expect(() => actor({ by: Visitor, options: { noSuchOption: 1 } } as never)).toThrow("actor.option_invalid");
});

test("members of contexts, of c.conn and of what they lead to", async ({ onTestFinished }) => {
  const found: string[] = [];
  let looked = 0;
  const look = (c: { conn: object; schedule: object; queue: object; kv: object }): Response => {
    found.push(...misses("Context", c), ...misses("c.conn", c.conn), ...misses("c.schedule", c.schedule));
    found.push(...misses("c.queue", c.queue), ...misses("c.kv", c.kv));
    looked += 1;
    return new Response("ok");
  };
  const config = { by: Visitor, state: {}, vars: {}, connState: {}, onRequest: look, canInvoke: () => true };
  const kit = await setupTest({ onTestFinished }, setup({ use: { probe: actor(config as never) } }));
  expect(await (await kit.fetch("/actors/probe/a/request/")).text()).toBe("ok");
  expect(looked).toBe(1);
  expect(found).toEqual([]);
});

test("options of setup, and the registry", () => {
  for (const { name } of same("setup options")) expect(["use"]).toContain(name);
  const registry = setup({ use: {}, host: memory() });
  expectMembers("Registry", registry);
});

test("options and members of the client", async ({ onTestFinished }) => {
  const options: Required<Pick<client.ClientOptions, "endpoint" | "token" | "encoding" | "headers">> = {
    endpoint: "http://127.0.0.1:1",
    token: "t",
    encoding: "cbor",
    headers: {},
  };
  client.createClient(options);
  for (const { name } of same("Client options")) expect(name in options, name).toBe(true);
  const room = actor({ by: Visitor, actions: { ping: () => "pong" } });
  const kit = await setupTest({ onTestFinished }, setup({ use: { room } }));
  const handle = kit.client.room.getOrCreate("a");
  const found = [
    ...misses("Client", kit.client),
    ...misses("client.name", kit.client.room),
    ...misses("Handle", handle),
    ...misses("Connection", handle.connect()),
  ];
  expect(found).toEqual([]);
});

test("codes that are the same are in the source, and those that are absent are not", () => {
  const root = new URL("../../", import.meta.url);
  const sources = listFiles(root.pathname)
    .filter((path) => path.startsWith("src/") && path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => readFileSync(new URL(path, root), "utf8"));
  const isWritten = (code: string): boolean =>
    sources.some((text) => text.includes(`"${code}"`) || new RegExp(`\\[\\w+/${code}\\]`).test(text));
  const rows = (tables.get("Errors") ?? []).map((row) => ({ ...row, code: row.name.split("/")[1]! }));
  for (const { name, code, verdict } of rows) {
    if (verdict === "same") expect(isWritten(code), name).toBe(true);
  }
  for (const code of ["missing_actor_header", "websockets_not_enabled", "invalid_can_invoke_response"]) {
    expect(isWritten(code), code).toBe(false);
  }
});
