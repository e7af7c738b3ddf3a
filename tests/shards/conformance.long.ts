/** All cases of the conformance suite, with actors spread over two threads. */
import { expect, test } from "vitest";
import { cases } from "./conformance.ts";

for (const { name, skipped, run } of cases) {
  test(name, async () => {
    expect(skipped).toBeNull();
    await run();
  });
}
