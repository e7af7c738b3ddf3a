/** A peer that gives up takes nobody's waiting with it but its own, and what it set going is done to the end. */
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { party } from "../../src/boundary/party.ts";
import { type SignatureScheme, signature } from "../../src/boundary/schemes/signature.ts";
import { signDelivery } from "../../src/boundary/sign.ts";
import { hasWorkerd, startWorker, type Workerd } from "./workerd.ts";

const HOOK_SECRET = "hook-secret-of-at-least-32-bytes-000000";
const Hook = party("Hook", { auth: signature({ secret: "HOOK_SECRET", header: "x-signature", id: "x-delivery" }) });
const entry = fileURLToPath(new URL("abandoned.worker.ts", import.meta.url));

type Begun = Record<"secret" | "keys" | "hook" | "action", number>;

describe.skipIf(!hasWorkerd)("on workerd", () => {
  let workerd: Workerd;
  beforeEach(async () => {
    workerd = await startWorker({ entry, env: { HOOK_SECRET } });
  });
  afterEach(() => workerd.stop());

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(workerd.url + path, { ...init, signal: AbortSignal.timeout(20_000) });

  /** Sends a request and resets its connection as soon as what it waits for has begun. */
  async function abandon(waitsFor: keyof Begun, start: string, headers: Record<string, string> = {}): Promise<void> {
    const socket = connect(Number(new URL(workerd.url).port), "127.0.0.1");
    const lines = Object.entries({ host: "localhost", "content-length": "0", ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    socket.write(`${start} HTTP/1.1\r\n${lines.join("")}\r\n`);
    while (((await (await ask("/begun")).json()) as Begun)[waitsFor] === 0);
    socket.resetAndDestroy();
  }

  test("one that leaves while an isolate starts does not leave the others waiting", async () => {
    await abandon("secret", "GET /desk");
    const answer = await ask("/desk");
    expect([answer.status, await answer.json()]).toEqual([200, []]);
  });

  test("one that leaves while keys of a provider come does not leave the others without them", async () => {
    await ask("/desk");
    const authorization = `Bearer ${await (await ask("/token")).text()}`;
    await abandon("keys", "GET /member", { authorization });
    const answer = await ask("/member", { headers: { authorization } });
    expect([answer.status, await answer.json()]).toEqual([200, "Member"]);
  });

  test("a sender that does not wait has its delivery handled and recorded: the next of it is a duplicate", async () => {
    await ask("/desk");
    const { format } = Hook.scheme as unknown as SignatureScheme;
    const headers = await signDelivery(format, { secret: HOOK_SECRET, body: "", now: Date.now(), id: "d-1" });
    await abandon("hook", "POST /hook", headers);
    const ended = async (): Promise<unknown> => (await ask("/desk")).json();
    await expect.poll(ended, { timeout: 20_000, interval: 100 }).toEqual(["hook"]);
    const again = async (): Promise<unknown> => {
      const answer = await ask("/hook", { method: "POST", headers });
      return [answer.status, answer.headers.get("byward-duplicate")];
    };
    await expect.poll(again, { timeout: 20_000, interval: 100 }).toEqual([200, "true"]);
    expect(await ended()).toEqual(["hook"]);
  });

  test("one that does not wait for its action has it run to the end, and kept", async () => {
    await ask("/desk");
    const act = (name: string): string => `/actors/room/a/actions/${name}`;
    await abandon("action", `POST ${act("slow")}`, { "content-type": "application/json" });
    const ended = async (): Promise<unknown> =>
      (await ask(act("ended"), { method: "POST", headers: { "content-type": "application/json" }, body: "[]" })).json();
    await expect.poll(ended, { timeout: 20_000, interval: 100 }).toEqual({ output: 1 });
  });
});
