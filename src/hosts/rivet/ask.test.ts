import { expect, test } from "vitest";
import { Refusal, UserError } from "../../boundary/errors.ts";
import { ask, reply } from "./ask.ts";
import { Mux } from "./tunnel/mux.ts";

/** Asks what is answered at the other end of a tunnel. */
function asked(answer: (question: unknown) => Promise<unknown>): Promise<unknown> {
  const far: Mux = new Mux({ send: (message) => near.receive(message), close: () => {} }, (stream) => {
    reply(stream, answer).catch(() => stream.reset("fault"));
  });
  const near: Mux = new Mux({ send: (message) => far.receive(message), close: () => {} }, null);
  return ask(near, "callee", "question");
}

test("what is answered comes back, and what is refused is refused", async () => {
  expect(await asked(async (question) => [question, 1n])).toEqual(["question", 1n]);
  const refused = asked(async () => {
    throw new Refusal("forbidden", { reason: "can_invoke.false" });
  });
  await expect(refused).rejects.toMatchObject({ outcome: "forbidden", reason: "can_invoke.false" });
});

test("an answer that has no form is a fault: it ran, and must not look as if it could be asked again", async () => {
  await expect(asked(async () => () => {})).rejects.toMatchObject({ outcome: "fault" });
});

test("an error whose metadata has no form is a fault: it ran, and must not look as if it could be asked again", async () => {
  const refused = asked(async () => {
    throw new UserError("no", { metadata: () => {} });
  });
  await expect(refused).rejects.toMatchObject({ outcome: "fault" });
});
