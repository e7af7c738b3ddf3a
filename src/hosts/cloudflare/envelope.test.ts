/** What an object answers to another has a form, whatever came of it. */
import { expect, test } from "vitest";
import { Refusal, UserError } from "../../boundary/errors.ts";
import { VirtualClock } from "../memory/clock.ts";
import { type Host, StoreError } from "../port.ts";
import { opened, sealed } from "./envelope.ts";

function hostWithLog() {
  const logged: object[] = [];
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (fields: object) => void logged.push(fields),
    child: () => log,
  };
  const random = (count: number): Uint8Array => new Uint8Array(count);
  return { host: { log, clock: new VirtualClock(), random } as unknown as Host, logged };
}

const failing = async (error: unknown): Promise<unknown> => {
  const { host } = hostWithLog();
  const text = await sealed(host, () => {
    throw error;
  });
  try {
    return opened(text);
  } catch (caught) {
    return caught;
  }
};

test("answers, refusals, errors of programs and of stores cross with what they say", async () => {
  const { host } = hostWithLog();
  expect(opened(await sealed(host, () => ({ at: new Date(5), n: 1n })))).toEqual({ at: new Date(5), n: 1n });
  expect(await failing(new Refusal("forbidden", { reason: "x" }))).toMatchObject({ outcome: "forbidden", reason: "x" });
  const user = new UserError("no", { code: "empty", metadata: { at: new Date(5) } });
  expect(await failing(user)).toMatchObject({ message: "no", code: "empty", metadata: { at: new Date(5) } });
  expect(await failing(new StoreError("full", "no room"))).toMatchObject({ name: "StoreError", code: "full" });
});

test("an error whose metadata has no form is a fault, and is logged: it ran, and must not look as if it could be asked again", async () => {
  const error = new UserError("no", { metadata: { tell: () => {} } });
  expect(await failing(error)).toMatchObject({ name: "Refusal", outcome: "fault" });
  const { host, logged } = hostWithLog();
  await sealed(host, () => {
    throw error;
  });
  expect(logged).toMatchObject([{ err: { name: "EncodeError" } }]);
});
