import { actor, anyOf, bearer, event, hasClaim, party, refine, setup, Visitor } from "byward";
import { expect, test } from "vitest";
import { type AccessLock, compareLocks, type LockedCell, lockOf, parseLock, renderLock } from "./lock.ts";
import { probeMatrix } from "./probe.ts";

const lock = (cells: Record<string, Record<string, LockedCell>>): AccessLock => ({ version: 1, probed: true, cells });
const ROW = "actor chatRoom subscribe modLog";
const change = (old: LockedCell, now: LockedCell, party = "Visitor") =>
  compareLocks(lock({ [ROW]: { [party]: old } }), lock({ [ROW]: { [party]: now } }));

test("a widened cell is said as a reviewer reads it", () => {
  expect(change("403", "allow")).toEqual([
    {
      direction: "widened",
      entrypoint: "chatRoom subscribe modLog",
      party: "Visitor",
      from: "403",
      to: "allow",
      sentence: "anyone may now subscribe to chatRoom.modLog",
    },
  ]);
  expect(change("401", "allow", "Admin")[0]?.sentence).toBe("an Admin may now subscribe to chatRoom.modLog");
});

test("every step towards reach is wider, every step back narrower, and a change between denials neither", () => {
  const steps: readonly LockedCell[] = ["403", "404", { depends: ["identity = key"] }, "allow"];
  for (const [from, old] of steps.entries()) {
    for (const [to, now] of steps.entries()) {
      const directions = change(old, now).map(({ direction }) => direction);
      expect(directions, `${JSON.stringify(old)} → ${JSON.stringify(now)}`).toEqual(
        from === to ? [] : [to > from ? "widened" : "narrowed"],
      );
    }
  }
  expect(change("401", "403")[0]?.direction).toBe("changed");
  expect(change("403", "?")[0]?.direction).toBe("widened");
});

test("a cell that depends is wider when one more circumstance lets in", () => {
  const [wider] = change({ depends: ["identity = key"] }, { depends: ["identity = key", "identity ≠ key"] }, "User");
  expect(wider).toMatchObject({
    direction: "widened",
    sentence: "a User may now subscribe to chatRoom.modLog in some cases (identity ≠ key)",
  });
  expect(change({ depends: ["a", "b"] }, { depends: ["a"] })[0]?.direction).toBe("narrowed");
  // What is narrower by one more fact was within what let in before.
  expect(change({ depends: ["method GET"] }, { depends: ["identity = key, method GET"] })[0]?.direction).toBe(
    "narrowed",
  );
  expect(change({ depends: ["identity = key, method GET"] }, { depends: ["method GET"] })[0]?.direction).toBe(
    "widened",
  );
  // Nobody knows any more when it lets in.
  expect(change({ depends: ["identity = key"] }, "?")[0]?.direction).toBe("widened");
  // One more and one fewer: what was gained is what counts.
  expect(change({ depends: ["a"] }, { depends: ["b"] })[0]?.direction).toBe("widened");
});

test("a new entrypoint is wider where somebody reaches it, and no news where nobody does", () => {
  const before = lock({});
  const after = lock({
    "actor room action open": { Visitor: "allow", User: "401" },
    "actor room action *": { Visitor: "404" },
  });
  expect(compareLocks(before, after).map(({ sentence }) => sentence)).toEqual(["anyone may now call room.open"]);
  expect(compareLocks(after, before).map(({ sentence }) => sentence)).toEqual(["anyone may no longer call room.open"]);
});

test("a lock reads back as it was written, and nothing else is a lock", async () => {
  const User = party("User", { auth: bearer({ secret: "LOCK" }) });
  const room = actor({
    by: anyOf(User, Visitor),
    events: { log: event() },
    guards: { events: { log: { by: refine("Admin", User, hasClaim("admin")) } } },
    canInvoke: (c) => c.caller.party !== "User" || c.caller.identity === c.key[0],
    actions: { read: () => 1 },
  });
  const written = lockOf(await probeMatrix(setup({ use: { room } }).config), "states.json");
  expect(parseLock(renderLock(written))).toEqual(written);
  expect(compareLocks(written, written)).toEqual([]);
  for (const text of [
    "",
    "null",
    "[]",
    "{}",
    '{"version":2,"probed":true,"cells":{}}',
    '{"version":1,"probed":true,"cells":{"a":1}}',
  ]) {
    expect(parseLock(text), text).toBeNull();
  }
});

test("names that every object has are cells of their own", () => {
  const cells = JSON.parse('{"actor room action constructor":{"__proto__":"allow"}}') as AccessLock["cells"];
  expect(compareLocks(lock({}), lock(cells as never))).toHaveLength(1);
});
