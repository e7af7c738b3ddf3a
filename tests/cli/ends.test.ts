/** Commands end when their work is done or nobody reads it, whatever the user's modules have left running. */
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DecisionRing, type DecisionSinkContext } from "../../src/actors/decisions.ts";
import { decisionLog } from "../../src/hosts/node/decision-log/log.ts";
import type { Logger } from "../../src/hosts/port.ts";
import { byward, start } from "./process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

const ENTRY = `import { actor, setup, Visitor } from "byward";
setInterval(() => {}, 1000);
const names = Array.from({ length: Number(process.env.COUNT ?? 1) }, (_, at) => "action" + at);
const room = actor({ by: Visitor, actions: Object.fromEntries(names.map((name) => [name, () => name])) });
export const registry = setup({ use: { room } });
`;

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const CONTEXT: DecisionSinkContext = {
  log: silent,
  refinements: [],
  isDeclared: () => true,
  levels: () => ({ actors: [], connections: [], leaseEnds: { expired: 0, revoked: 0 } }),
};

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-ends-")));
  symlinkSync(`${root}node_modules`, join(folder, "node_modules"));
  writeFileSync(join(folder, "timer.ts"), ENTRY);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a timer of the registry's does not keep a command from ending, and all of its output is there", async () => {
  const { code, stdout } = await byward(["access", "timer.ts", "--json"], { cwd: folder, env: { COUNT: "2000" } });
  expect(code).toBe(0);
  expect(JSON.parse(stdout).rows.length).toBeGreaterThan(2000);
}, 60_000);

test.each(["SIGINT", "SIGTERM"] as const)(
  "a timer of the registry's does not keep serve up after %s",
  async (signal) => {
    const server = start("src/cli/main.ts", ["serve", "timer.ts", "--port", "0"], { cwd: folder });
    await server.waitFor(/Serving/);
    server.child.kill(signal);
    expect((await server.finished()).code).toBe(0);
  },
  60_000,
);

test("a reader who leaves early sees no stack", async () => {
  const reader = start("src/cli/main.ts", ["access", "timer.ts", "--json"], { cwd: folder, env: { COUNT: "5000" } });
  reader.child.stdout!.once("data", () => reader.child.stdout!.destroy());
  const { code, stderr } = await reader.finished();
  expect(stderr).toBe("");
  expect(code).toBe(0);
}, 60_000);

test("decisions --follow ends when nobody reads any more", async () => {
  const directory = join(folder, "decisions");
  const log = decisionLog({ directory });
  const ring = new DecisionRing(8);
  log.start(CONTEXT);
  ring.subscribe(log.record);
  for (let at = 0; at < 4000; at++) ring.record(at, "desk", "1", "action", "open", null, "ok", "", null, 0);
  await log.close();
  const reader = start("src/cli/main.ts", ["decisions", directory, "--follow", "--json", "--limit", "4000"]);
  reader.child.stdout!.once("data", () => reader.child.stdout!.destroy());
  const { code, stderr } = await reader.finished();
  expect(stderr).toBe("");
  expect(code).toBe(0);
}, 60_000);
