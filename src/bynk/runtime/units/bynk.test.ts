import { expect, test } from "vitest";
import type { Invocation } from "../invocation.ts";
import { None } from "../option.ts";
import { FetchError, Method, provideFetch, type Request } from "./bynk.ts";

const request: Request = {
  method: Method.Get,
  url: "https://peer.example/",
  contentType: None,
  authorization: None,
  body: None,
};

/** `Fetch` on a host whose network answers with `body`. */
function fetchOf(body: BodyInit | null) {
  const host = { fetch: async () => new Response(body, { status: 203 }) };
  return provideFetch({ host, abortSignal: new AbortController().signal } as unknown as Invocation);
}

test("a response is its status and its text, whole characters across chunks", async () => {
  const bytes = new TextEncoder().encode("h\u00e9llo \u{1f600}");
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect(await fetchOf(stream).send(request)).toEqual({
    tag: "Ok",
    value: { status: 203, body: "h\u00e9llo \u{1f600}" },
  });
  expect(await fetchOf(null).send(request)).toEqual({ tag: "Ok", value: { status: 203, body: "" } });
});

test("a response without end is a failure of the network, and the rest of it is not read", async () => {
  const chunk = new Uint8Array(1024 * 1024).fill(97);
  let sent = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1;
      if (sent > 100) controller.close();
      else controller.enqueue(chunk);
    },
    cancel() {
      cancelled = true;
    },
  });
  expect(await fetchOf(endless).send(request)).toEqual({ tag: "Err", error: FetchError.Network });
  expect(cancelled).toBe(true);
  expect(sent).toBeLessThan(20);
});

test("a response of the largest length is taken", async () => {
  const answer = await fetchOf(new Uint8Array(8 * 1024 * 1024).fill(97)).send(request);
  expect(answer).toMatchObject({ tag: "Ok", value: { status: 203 } });
});
