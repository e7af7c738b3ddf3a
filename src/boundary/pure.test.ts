import { expect, test } from "vitest";
import { ConfigurationError } from "./errors.ts";
import { isPure, pure, SENT_PARAMS, writtenOf } from "./pure.ts";

const caller = { party: "User", identity: "ada", claims: {} };
const source = {
  caller,
  name: "room",
  key: ["one"],
  state: { open: true },
  conn: { params: { changed: true } },
  [SENT_PARAMS]: { team: "red" },
};
const invoke = { kind: "action", name: "say" } as const;

/** What a decision that reads one member comes to. */
function reading(read: (c: Record<string, unknown>) => unknown): unknown {
  const decision = pure((c) => {
    read(c as unknown as Record<string, unknown>);
    return true;
  });
  try {
    return decision(source, invoke);
  } catch (error) {
    return error;
  }
}

test("a pure decision sees caller, name, key, the parameters as they were sent, and invoke", () => {
  let seen: unknown;
  const decision = pure((c, asked) => {
    seen = { ...c, asked };
    return true;
  });
  expect(decision(source, invoke)).toBe(true);
  expect(seen).toEqual({
    caller,
    name: "room",
    key: ["one"],
    service: undefined,
    params: { team: "red" },
    asked: invoke,
  });
});

test.each([
  "state",
  "vars",
  "kv",
  "queue",
  "schedule",
  "conn",
  "conns",
  "request",
  "broadcast",
  "client",
  "log",
  "header",
  "toString",
  "then",
])("reading c.%s is a fault that says so", (member) => {
  const error = reading((c) => c[member]) as ConfigurationError;
  expect(error).toBeInstanceOf(ConfigurationError);
  expect(error.code).toBe("pure.not_there");
  expect(error.message).toContain(`c.${member}`);
});

test("a decision that catches the fault, or answers later, has no verdict all the same", async () => {
  const attempt = (c: unknown): void => {
    try {
      void (c as typeof source).state.open;
    } catch {}
  };
  const caught = pure((c) => {
    attempt(c);
    return true;
  });
  const late = pure(async (c) => {
    await Promise.resolve();
    attempt(c);
    return true;
  });
  expect(() => caught(source, invoke)).toThrow("c.state");
  await expect(late(source, invoke)).rejects.toThrow("c.state");
});

test("a decision cannot change what it is given", () => {
  expect(reading((c) => Object.assign(c, { caller: null }))).toBeInstanceOf(TypeError);
  const renaming = pure((_c, asked) => {
    Object.assign(asked, { name: "other" });
    return true;
  });
  expect(() => renaming(source, invoke)).toThrow(TypeError);
  expect(invoke.name).toBe("say");
});

test("what a decision returns is passed on as it is, promises by their value", async () => {
  for (const verdict of [true, false, 1, "yes", null, undefined]) {
    expect(pure(() => verdict as boolean)(source, invoke)).toBe(verdict);
    expect(await pure(async () => verdict as boolean)(source, invoke)).toBe(verdict);
  }
});

test("only what pure made is pure; made twice it is the same", () => {
  const written = (): boolean => true;
  const decision = pure(written);
  expect([isPure(decision), isPure(written), isPure(undefined), isPure({})]).toEqual([true, false, false, false]);
  expect(pure(decision as never)).toBe(decision);
  expect([writtenOf(decision), writtenOf(written), writtenOf(undefined)]).toEqual([written, written, undefined]);
});

test("pure takes a function", () => {
  expect(() => pure("yes" as never)).toThrow(expect.objectContaining({ code: "pure.not_a_function" }));
});
