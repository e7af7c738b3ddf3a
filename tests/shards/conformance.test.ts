/**
 * With its actors spread over two threads the Node host passes the conformance suite. Each case starts threads of its own: here
 * are those that differ most from one thread, `conformance.long.ts` runs all.
 */
import { expect, test } from "vitest";
import { cases } from "./conformance.ts";

const HERE = [
  "an action on a connection that is denied runs nothing",
  "a subscription over Server-Sent Events that is allowed runs",
  "a raw socket keeps binary and text frames, and its subprotocol",
  "values come back as they went in cbor, over both transports",
  "what is too long is refused, both ways",
  "an actor is created once, whoever comes first",
  "an accepted message outlives a restart, and wakes its actor",
  "a sleeping actor is woken by its schedule, and its subscribers hear of it",
  "a connection ends with its credential, and hears nothing after",
];

for (const wanted of HERE) {
  const found = cases.find(({ name }) => name.endsWith(`: ${wanted}`));
  test(found?.name ?? wanted, async () => {
    expect(found?.skipped).toBeNull();
    await found!.run();
  });
}
