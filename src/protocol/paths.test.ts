import { expect, test } from "vitest";
import { DecodeError, EncodeError } from "./errors.ts";
import { type ActorAddress, type ActorRoute, actorPath, parseActorPath } from "./paths.ts";

const lobby: ActorAddress = { by: "key", key: ["lobby"] };
const cases: [string, string, ActorAddress, ActorRoute][] = [
  ["/actors/room/lobby", "room", lobby, { kind: "actor" }],
  ["/actors/room/~/connect", "room", { by: "key", key: [] }, { kind: "connect" }],
  ["/actors/room/@aB-9_/connect", "room", { by: "id", id: "aB-9_" }, { kind: "connect" }],
  ["/actors/room/lobby/actions/say%20hi", "room", lobby, { kind: "action", name: "say hi" }],
  ["/actors/room/lobby/queues/jobs", "room", lobby, { kind: "queue", name: "jobs" }],
  ["/actors/room/lobby/events/%E2%82%AC", "room", lobby, { kind: "event", name: "€" }],
  ["/actors/room/lobby/request/a%2Fb//c", "room", lobby, { kind: "request", path: "/a%2Fb//c" }],
  ["/actors/room/lobby/request/", "room", lobby, { kind: "request", path: "/" }],
  ["/actors/room/lobby/websocket/x", "room", lobby, { kind: "websocket", path: "/x" }],
];

test.each(cases)("%s is read and written", (path, name, address, route) => {
  expect(parseActorPath(path)).toStrictEqual({ name, address, route });
  expect(actorPath(name, address, route)).toBe(path);
});

test("a request path may be left off", () => {
  expect(parseActorPath("/actors/room/lobby/request")?.route).toStrictEqual({ kind: "request", path: "/" });
});

test.each(["/", "/actor/x/y", "/actorsx/y", "/users/1", "/%61ctors/a/b"])("%s is no actor's", (path) => {
  expect(parseActorPath(path)).toBeNull();
});

test.each([
  "/actors/room/lobby/",
  "/actors/room/lobby/action/x",
  "/actors/room/lobby/actions",
  "/actors/room/lobby/actions/",
  "/actors/room/lobby/actions/a/b",
  "/actors/room/lobby/connect/x",
  "/actors/room/lobby/constructor/x",
  "/actors/room/lobby/toString",
])("%s is no route of an actor", (path) => {
  expect(parseActorPath(path)?.route).toStrictEqual({ kind: "unknown" });
});

test.each([
  "/actors",
  "/actors/",
  "/actors/room",
  "/actors/room/",
  "/actors//lobby",
  "/actors/room/../other/connect",
  "/actors/room/%2e%2E/connect",
  "/actors/../secret",
  "/actors/room/a%2Fb",
  "/actors/ro%2Fom/a",
  "/actors/room/a\\b/connect",
  "/actors/room/lobby/request/../../x",
  "/actors/room/lobby/request/%2e%2e/x",
  "/actors/room/lobby/request/a\\..\\b",
  "/actors/room/lobby/actions/a%2Fb",
  "/actors/room/lobby/actions/%ff",
  "/actors/room/@",
  "/actors/room/@a.b",
  `/actors/room/@${"a".repeat(129)}`,
])("%s is malformed", (path) => {
  expect(() => parseActorPath(path)).toThrow(DecodeError);
});

test("what has no path is refused", () => {
  expect(() => actorPath("", lobby, { kind: "actor" })).toThrow(EncodeError);
  expect(() => actorPath("..", lobby, { kind: "actor" })).toThrow(EncodeError);
  expect(() => actorPath("room", lobby, { kind: "action", name: "." })).toThrow(EncodeError);
  expect(() => actorPath("room", lobby, { kind: "action", name: "a/b" })).toThrow(EncodeError);
  expect(() => actorPath("room", { by: "id", id: "a/b" }, { kind: "actor" })).toThrow(EncodeError);
});
