import { expect, test } from "vitest";
import { nodeEnvironment, presentation, webEnvironment } from "../../tests/vectors/environment.ts";
import { goodClaims, NOW, NOW_SECONDS, SECRET, token } from "../../tests/vectors/tokens.ts";
import { VirtualClock } from "../hosts/memory/clock.ts";
import { hasClaim } from "./claims.ts";
import { type AnyParty, anyOf, party, refine, Visitor } from "./party.ts";
import { EXTERNAL } from "./scheme.ts";
import { bearer } from "./schemes/bearer.ts";
import { Boundary, type Credentials } from "./verify.ts";

const User = party("User", { auth: bearer({ secret: "KEY" }) });
const Other = party("Other", { auth: bearer({ secret: "OTHER" }) });
const secrets = { KEY: SECRET, OTHER: "another secret of 32 characters!" };

const boundaries = {
  node: (parties: readonly AnyParty[]) => Boundary.prepare(parties, nodeEnvironment({ secrets })),
  web: (parties: readonly AnyParty[]) => Boundary.prepare(parties, webEnvironment({ secrets })),
};

const prove = async (
  boundary: Boundary,
  bases: readonly AnyParty[],
  credential: string | null,
  now = NOW,
): Promise<Credentials> => {
  const headers: Record<string, string> = credential === null ? {} : { authorization: `Bearer ${credential}` };
  return boundary.prove(bases, { ...presentation({ headers }), channel: EXTERNAL }, now);
};

test.each(["node", "web"] as const)("one token is one caller, however often it is presented (%s)", async (platform) => {
  const boundary = await boundaries[platform]([User]);
  const by = anyOf(User, Visitor);
  const first = await prove(boundary, [User, Visitor], token());
  const second = await prove(boundary, [User], token());
  expect(second.resolve(by).caller).toMatchObject({ party: "User", identity: "alice" });
  expect(second.resolve(by).caller).toBe(first.resolve(by).caller);
  const bob = await prove(boundary, [User], token({ payload: goodClaims({ sub: "bob" }) }));
  expect(bob.resolve(by).caller).toMatchObject({ identity: "bob" });
});

test("a refusal is another one each time, and whether there is one can be asked without it", async () => {
  const boundary = await boundaries.node([User]);
  const Clerk = refine("Clerk", User, hasClaim("clerk"));
  const credentials = await prove(boundary, [User], token());
  const [one, two] = [credentials.resolve(Clerk).refusal, credentials.resolve(Clerk).refusal];
  expect([one?.reason, two?.reason]).toEqual(["invariant:Clerk", "invariant:Clerk"]);
  expect(one).not.toBe(two);
  expect([credentials.admits(Clerk), credentials.admits(Clerk), credentials.admits(User)]).toEqual([
    false,
    false,
    true,
  ]);
});

test("a token that is over is over, whoever it was before", async () => {
  const boundary = await boundaries.node([User]);
  const short = token({ payload: goodClaims({ exp: NOW_SECONDS + 60 }) });
  expect((await prove(boundary, [User], short)).proofs).toHaveLength(1);
  const late = await prove(boundary, [User], short, NOW + 60_000);
  expect(late.proofs).toEqual([]);
  expect(late.resolve(User).refusal).toMatchObject({ outcome: "expired" });
});

test("a party is asked for its own token alone, and nothing presented is nobody", async () => {
  const boundary = await boundaries.node([User, Other]);
  await prove(boundary, [User], token());
  expect((await prove(boundary, [Other], token())).failure).toMatchObject({ reason: "jwt.signature" });
  expect((await prove(boundary, [User, Other], token())).proofs.map((proof) => proof.party)).toEqual([User]);
  const nobody = await prove(boundary, [User, Visitor], null);
  expect(nobody.failure).toBeNull();
  expect(nobody.resolve(anyOf(User, Visitor)).caller).toMatchObject({ party: "Visitor" });
});

test("an identity of a schema's making belongs to one presentation", async () => {
  const Typed = party("Typed", {
    auth: bearer({ secret: "KEY" }),
    identity: {
      "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value: { name: value } }) },
    },
  });
  const boundary = await boundaries.node([Typed]);
  const [first, second] = [await prove(boundary, [Typed], token()), await prove(boundary, [Typed], token())];
  expect(second.resolve(Typed).caller?.identity).toEqual({ name: "alice" });
  expect(second.resolve(Typed).caller?.identity).not.toBe(first.resolve(Typed).caller?.identity);
});

test("a party that was never prepared proves nobody", async () => {
  const boundary = await boundaries.node([]);
  expect((await prove(boundary, [User], token())).failure).toMatchObject({ reason: "party.unprepared" });
});

test("an identity schema that never settles proves nobody, after its deadline", async () => {
  const clock = new VirtualClock();
  let answer: (result: { value: unknown }) => void = () => {};
  const Slow = party("Slow", {
    auth: bearer({ secret: "KEY" }),
    identity: {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () =>
          new Promise<{ value: unknown }>((resolve) => {
            answer = resolve;
          }),
      },
    },
  });
  const after = (delay: number, task: () => void) => clock.after(delay, task);
  const boundary = await Boundary.prepare([Slow], nodeEnvironment({ secrets, after }));
  let settled: Credentials | null = null;
  const proving = prove(boundary, [Slow], token()).then((credentials) => {
    settled = credentials;
    return credentials;
  });
  await clock.advance(4999);
  expect(settled).toBeNull();
  await clock.advance(1);
  const credentials = await proving;
  answer({ value: "alice" });
  await clock.advance(1);
  expect(credentials.failure).toMatchObject({ outcome: "unauthenticated", reason: "identity.deadline" });
  expect(credentials.resolve(Slow).caller).toBeNull();
  expect(credentials.resolve(anyOf(Slow, Visitor)).caller).toBeNull();
  const quick = prove(boundary, [Slow], token());
  await clock.advance(1);
  answer({ value: "alice" });
  expect((await quick).resolve(Slow).caller).toMatchObject({ identity: "alice" });
});
