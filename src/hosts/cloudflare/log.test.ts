import { expect, onTestFinished, test } from "vitest";
import { consoleLog } from "./log.ts";

test("an error that is its own cause is logged, not thrown", () => {
  const lines: string[] = [];
  const { error } = console;
  console.error = (line: string) => void lines.push(line);
  onTestFinished(() => {
    console.error = error;
  });
  const own = new Error("a");
  own.cause = own;
  consoleLog().error({ err: own }, "it failed");
  const ring: { self?: unknown } = {};
  ring.self = ring;
  consoleLog({ object: "o" }).error({ ring }, "it failed again");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: "error", message: "it failed" },
    { level: "error", message: "it failed again" },
  ]);
});
