import { createElement, Fragment } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { mount } from "../../../tests/client/react-stage.ts";
import { startServer } from "../../../tests/client/scripted-server.ts";
import { settled, testClient, until } from "../../../tests/client/test-runtime.ts";
import type { ActorConn } from "../types.ts";
import { createByward, type UseActorOptions, type UseActorResult } from "./create-byward.ts";
import { hashOf } from "./shared-connections.ts";

type Options = UseActorOptions<unknown, string>;
type Result = UseActorResult<never>;

const setup = async () => {
  const server = await startServer();
  return { server, ...createByward(testClient({ endpoint: server.url })) };
};

test("under StrictMode a component opens one connection, and closes it when it has gone", async () => {
  const server = await startServer();
  let attempts = 0;
  const token = (): string => `t${attempts++}`;
  const { useActor } = createByward(testClient({ endpoint: server.url, token }));
  let seen: Result | undefined;
  const statuses: string[] = [];
  const stage = mount(() => {
    seen = useActor({ name: "room", key: "k", params: { seat: 1 } }) as Result;
    if (statuses.at(-1) !== seen.connStatus) statuses.push(seen.connStatus);
    return null;
  }, {});
  const peer = await server.peers.next();
  expect((await peer.admit()).params).toStrictEqual({ seat: 1 });
  await until(() => seen?.isConnected === true);
  expect(statuses).toStrictEqual(["idle", "connecting", "connected"]);
  expect([seen?.error, seen?.handle?.$key, seen?.connection?.connId]).toStrictEqual([null, ["k"], "c1"]);
  stage.unmount();
  expect(await peer.closed).toBe(1000);
  await settled();
  expect([server.peers.all.length, attempts]).toStrictEqual([1, 1]);
});

test("components that ask for the same actor share its connection, until the last has gone", async () => {
  const { server, useActor } = await setup();
  const connections = new Set<unknown>();
  const Room = ({ params }: { params: object }): null => {
    const { connection } = useActor({ name: "room", key: "k", params });
    if (connection) connections.add(connection);
    return null;
  };
  const stage = mount(
    ({ count }: { count: number }) =>
      createElement(
        Fragment,
        null,
        ...Array.from({ length: count }, (_, i) =>
          createElement(Room, { key: i, params: i % 2 === 0 ? { a: 1, b: 2 } : { b: 2, a: 1 } }),
        ),
      ),
    { count: 3 },
  );
  const peer = await server.peers.next();
  await peer.admit();
  stage.render({ count: 1 });
  await settled();
  expect([server.peers.all.length, connections.size, peer.socket.readyState]).toStrictEqual([1, 1, 1]);
  stage.render({ count: 0 });
  await peer.closed;
});

test("another key is another connection, and the former is closed", async () => {
  const { server, useActor } = await setup();
  const stage = mount(
    ({ id }: { id: string }) => {
      useActor({ name: "room", key: id });
      return null;
    },
    { id: "a" },
  );
  const first = await server.peers.next();
  await first.admit();
  stage.render({ id: "b" });
  const second = await server.peers.next();
  expect([first.path, second.path]).toStrictEqual(["/actors/room/a/connect", "/actors/room/b/connect"]);
  await first.closed;
});

test("not enabled is idle and holds nothing; enabled again reconnects", async () => {
  const { server, useActor } = await setup();
  let seen: Result | undefined;
  const stage = mount(
    ({ enabled }: { enabled: boolean }) => {
      seen = useActor({ name: "room", enabled }) as Result;
      return null;
    },
    { enabled: false },
  );
  await settled();
  expect([server.peers.all.length, seen?.connStatus, seen?.connection]).toStrictEqual([0, "idle", null]);
  stage.render({ enabled: true });
  const first = await server.peers.next();
  await first.admit();
  await until(() => seen?.isConnected === true);
  stage.render({ enabled: false });
  await first.closed;
  expect([seen?.connStatus, seen?.handle]).toStrictEqual(["idle", null]);
  stage.render({ enabled: true });
  await (await server.peers.next()).admit();
  await until(() => seen?.isConnected === true);
});

test("noCreate refuses to create, and its refusal is the error", async () => {
  const { server, useActor } = await setup();
  let seen: Result | undefined;
  mount(() => {
    seen = useActor({ name: "room", key: "k", noCreate: true }) as Result;
    return null;
  }, {});
  expect(await (await server.peers.next()).refuse("actor", "not_found", 1008)).toStrictEqual({
    t: "hello",
    mode: "get",
  });
  await until(() => seen?.error !== null && seen?.error !== undefined);
  expect([seen?.error?.code, seen?.connStatus]).toStrictEqual(["not_found", "disconnected"]);
});

test("an error is gone once the connection stands again", async () => {
  const { server, useActor } = await setup();
  const errors: (string | undefined)[] = [];
  let seen: Result | undefined;
  mount(() => {
    seen = useActor({ name: "room" }) as Result;
    if (errors.at(-1) !== seen.error?.code) errors.push(seen.error?.code);
    return null;
  }, {});
  const first = await server.peers.next();
  await first.admit();
  await until(() => seen?.isConnected === true);
  first.cut();
  await (await server.peers.next()).admit();
  await until(() => seen?.isConnected === true && seen.error === null);
  expect(errors).toContain("connection_lost");
  expect(errors.at(-1)).toBeUndefined();
  expect(seen?.connection?.connId).toBe("c1");
});

test("useEvent calls the newest listener, subscribes once, and unsubscribes when unmounted", async () => {
  const { server, useActor, useEvent } = await setup();
  const heard: string[] = [];
  const stage = mount(
    ({ label, isListening }: { label: string; isListening: boolean }) => {
      const room = useActor({ name: "room" });
      const Listener = Listeners[isListening ? "on" : "off"];
      return createElement(Listener, { room: room as Result, label });
    },
    { label: "one", isListening: true },
  );
  const Listeners = {
    on: ({ room, label }: { room: Result; label: string }): null => {
      room.useEvent("news", (value: unknown) => heard.push(`${label} ${value}`));
      useEvent(room as { connection: ActorConn | null }, "other", () => heard.push(`${label} other`));
      return null;
    },
    off: (_: { room: Result; label: string }): null => null,
  };
  const peer = await server.peers.next();
  await peer.admit();
  const names = [(await peer.expect("subscribe")).name, (await peer.expect("subscribe")).name];
  expect(names.sort()).toStrictEqual(["news", "other"]);
  peer.send({ t: "event", name: "news", args: [1] });
  await until(() => heard.length === 1);
  stage.render({ label: "two", isListening: true });
  await settled();
  peer.send({ t: "event", name: "news", args: [2] }, { t: "event", name: "other", args: [] });
  await until(() => heard.length === 3);
  expect(heard).toStrictEqual(["one 1", "two 2", "two other"]);
  expect(peer.messages.all).toHaveLength(3);
  stage.render({ label: "two", isListening: false });
  await peer.expect("unsubscribe");
  await peer.expect("unsubscribe");
  expect(peer.socket.readyState).toBe(1);
});

test("a denied event reaches its own onDenied", async () => {
  const { server, useActor } = await setup();
  const denied: string[] = [];
  let seen: Result | undefined;
  mount(() => {
    seen = useActor({ name: "room" }) as Result;
    seen.useEvent("secret", () => {}, { onDenied: (error) => denied.push(error.code) });
    return null;
  }, {});
  const peer = await server.peers.next();
  await peer.admit();
  peer.error("auth", "forbidden", { id: (await peer.expect("subscribe")).id, event: "secret" });
  await until(() => denied.length === 1);
  expect([denied, seen?.connStatus]).toStrictEqual([["forbidden"], "connected"]);
});

test("nothing is rendered anew while nothing changes", async () => {
  const { server, useActor } = await setup();
  let renders = 0;
  const results = new Set<unknown>();
  mount(() => {
    renders++;
    results.add(useActor({ name: "room", params: { at: new Date(5), ids: [1n] } }));
    return null;
  }, {});
  const peer = await server.peers.next();
  await peer.admit();
  await until(() => [...results].some((result) => (result as Result).isConnected));
  const before = renders;
  peer.send({ t: "event", name: "news", args: [1] });
  await settled();
  expect(renders).toBe(before);
});

test("on a server there is no connection, and nothing is opened", async () => {
  const { server, useActor } = await setup();
  const html = renderToString(createElement(() => createElement("p", null, useActor({ name: "room" }).connStatus)));
  expect(html).toBe("<p>idle</p>");
  await settled();
  expect(server.peers.all).toHaveLength(0);
});

test("the hash is that of the actor and its parameters", () => {
  const hash = (options: Partial<Options>): string => hashOf({ name: "room", ...options });
  expect(hash({ key: "k" })).toBe(hash({ key: ["k"] }));
  expect(hash({})).toBe(hash({ key: [] }));
  expect(hash({ params: { a: 1, b: [{ c: 1, d: 2 }] } })).toBe(hash({ params: { b: [{ d: 2, c: 1 }], a: 1 } }));
  expect(hash({ createWithInput: 1 })).toBe(hash({ createWithInput: 2 }));
  const different = [
    {},
    { key: "k" },
    { key: ["k", ""] },
    { params: 1 },
    { params: "1" },
    { noCreate: true },
    { params: new Date(1) },
  ];
  expect(new Set(different.map(hash)).size).toBe(different.length);
  expect(() => hash({ params: { f: () => 1 } })).toThrow(/useActor\[2\]\.f/);
});
