/** Small edges of the Cloudflare host that need no workerd: frames too long, and marks that only the host may set. */
import { expect, test } from "vitest";
import { ENVELOPE_HEADER } from "../../src/hosts/cloudflare/callee.ts";
import { unmarked } from "../../src/hosts/cloudflare/object-calls.ts";
import type { PlatformSocket } from "../../src/hosts/cloudflare/platform.ts";
import { HoldingSocket } from "../../src/hosts/cloudflare/socket.ts";

function platformSocket() {
  const closed: number[] = [];
  let hear: (event: { data: unknown }) => void = () => {};
  const socket = {
    readyState: 1,
    binaryType: "",
    accept: () => {},
    addEventListener: (kind: string, listener: typeof hear) => {
      if (kind === "message") hear = listener;
    },
    close: (code: number) => void closed.push(code),
    send: () => {},
  } as unknown as PlatformSocket;
  return { socket, closed, say: (data: unknown) => hear({ data }) };
}

test("a raw socket's frame past the longest is not handed on: 1009", () => {
  const { socket, closed, say } = platformSocket();
  const got: unknown[] = [];
  const ends: number[] = [];
  const holding = new HoldingSocket(socket, 10);
  holding.attach({ message: (data) => void got.push(data), close: (code) => void ends.push(code) });
  say("x".repeat(10));
  say(new ArrayBuffer(11));
  say("after");
  expect(got).toEqual(["x".repeat(10)]);
  expect([closed, ends]).toEqual([[1009], [1009]]);
});

test("a handler that passes on a marked response is not taken for a refusal", async () => {
  const answer = new Response("from outside", { status: 203, headers: { [ENVELOPE_HEADER]: "1", "x-other": "2" } });
  const passed = unmarked(answer);
  expect([passed.status, passed.headers.get(ENVELOPE_HEADER), passed.headers.get("x-other")]).toEqual([203, null, "2"]);
  expect(await passed.text()).toBe("from outside");
});
