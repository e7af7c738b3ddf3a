/** What is answered over a tunnel leaves nothing behind at the actor's end. */
import { expect, test } from "vitest";
import { ask, reply } from "./ask.ts";
import { exchange } from "./front.ts";
import { answer } from "./serve-stream.ts";
import { type RequestHead, TunnelInbound } from "./tunnel/inbound.ts";
import { Mux, type Stream } from "./tunnel/mux.ts";

/** Two ends of a tunnel. */
function tunnel(accept: (stream: Stream, head: RequestHead) => void) {
  const far: Mux = new Mux({ send: (message) => near.receive(message), close: () => {} }, (stream, head) =>
    accept(stream, head as RequestHead),
  );
  const near: Mux = new Mux({ send: (message) => far.receive(message), close: () => {} }, null);
  return { far, near };
}

const HEAD: RequestHead = {
  kind: "http",
  method: "GET",
  path: "/",
  query: "",
  origin: "",
  address: "",
  headers: [],
  hasBody: false,
};
const nobody = { stream: () => null, signal: new AbortController().signal };

const text = async (body: unknown): Promise<string> => new Response(body as BodyInit).text();

test("a request that was answered is forgotten at both ends of its tunnel", async () => {
  const { far, near } = tunnel((stream) => void answer(stream, { status: 200, headers: [], body: "hello" }));
  for (let round = 0; round < 3; round++) {
    expect(await text((await exchange(near, HEAD, nobody)).body)).toBe("hello");
  }
  expect([near.size, far.size]).toEqual([0, 0]);
});

test("a streamed answer longer than a window arrives whole, and is forgotten when it has left", async () => {
  const length = 1024 * 1024;
  const { far, near } = tunnel((stream) => {
    const body = new Blob(["x".repeat(length)]).stream() as ReadableStream<Uint8Array>;
    void answer(stream, { status: 200, headers: [], body });
  });
  expect((await text((await exchange(near, HEAD, nobody)).body)).length).toBe(length);
  expect([near.size, far.size]).toEqual([0, 0]);
});

test("an answer in memory that waits for credit arrives whole, and is forgotten when it has left", async () => {
  const length = 1024 * 1024;
  const { far, near } = tunnel(
    (stream) => void answer(stream, { status: 200, headers: [], body: new Uint8Array(length) }),
  );
  const { body } = await exchange(near, HEAD, nobody);
  expect((body as Uint8Array).length).toBe(length);
  expect([near.size, far.size]).toEqual([0, 0]);
});

test("an answer that comes before the request's body has come ends the sending of it", async () => {
  const { far, near } = tunnel((stream, head) => {
    new TunnelInbound(stream, head);
    void answer(stream, { status: 413, headers: [], body: null });
  });
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
    cancel: () => {
      cancelled = true;
    },
  });
  const sent = { stream: () => body, signal: nobody.signal };
  expect((await exchange(near, { ...HEAD, method: "POST", hasBody: true }, sent)).status).toBe(413);
  await expect.poll(() => cancelled).toBe(true);
  expect([near.size, far.size]).toEqual([0, 0]);
});

test("a question that was answered is forgotten at both ends of its tunnel", async () => {
  const { far, near } = tunnel((stream) => void reply(stream, async (question) => question));
  for (let round = 0; round < 3; round++) expect(await ask(near, "callee", round)).toBe(round);
  expect([near.size, far.size]).toEqual([0, 0]);
});
