/** Every host passes the same cases: memory on virtual time, and Node with SQLite and real sockets. */
import { hostConformance } from "byward/testing";
import { expect, test } from "vitest";
import { onMemory, onNode } from "../hosts/running.ts";

const memoryCases = hostConformance({ name: "memory", start: (options) => onMemory(options) });

for (const { name, skipped, run } of [...memoryCases, ...hostConformance({ name: "node", start: onNode })]) {
  if (skipped === null) test.concurrent(name, run);
  else test.skip(`${name} (${skipped})`, () => {});
}

test("a skip needs a case and a reason", () => {
  const start = (): Promise<never> => Promise.reject(new Error("not started"));
  expect(() => hostConformance({ name: "x", start, skips: { "no such case": "because" } })).toThrow(
    "no conformance case",
  );
  const [first] = hostConformance({ name: "x", start });
  const known = first!.name.slice("x: ".length);
  expect(() => hostConformance({ name: "x", start, skips: { [known]: " " } })).toThrow("no reason");
  expect(hostConformance({ name: "x", start, skips: { [known]: "no sockets" } })[0]!.skipped).toBe("no sockets");
});
