import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ProbedMatrix } from "../../src/access/probe.ts";
import { byward } from "../cli/process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let room: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-access-")));
  cpSync(`${root}examples/chat`, join(folder, "chat"), { recursive: true });
  symlinkSync(`${root}node_modules`, join(folder, "node_modules"));
  room = readFileSync(join(folder, "chat/room.ts"), "utf8");
});
afterAll(() => rmSync(folder, { recursive: true }));

const access = (...args: string[]) => byward(["access", "chat/registry.ts", ...args], { cwd: folder });
const withRoom = (text: string): void => writeFileSync(join(folder, "chat/room.ts"), text);

test("--probe fills every cell of the chat, and names the deciding line of each", async () => {
  const { stdout, code } = await access("--probe", "--json");
  expect(code).toBe(0);
  const matrix = JSON.parse(stdout) as ProbedMatrix;
  const cells = matrix.rows.flatMap((row) => Object.values(row.cells));
  expect(cells.length).toBeGreaterThan(50);
  expect(cells).not.toContain("?");
  const ban = matrix.rows.find(({ kind, name }) => kind === "action" && name === "ban");
  const line = room.split("\n").findIndex((text) => text.includes('invoke.name === "ban") return true')) + 1;
  expect(ban?.why["Admin"]).toMatchObject([{ verdict: "allow", at: `chat/room.ts:${line}` }]);
  for (const row of matrix.rows) {
    for (const witness of Object.values(row.why).flat()) expect(witness.because).not.toBe("");
    for (const { because, at } of Object.values(row.why).flat()) {
      if (because.startsWith("canInvoke returned")) expect(at).toMatch(/^chat\/room\.ts:\d+$/);
    }
  }
});

test("one `return false` that becomes `return true` fails --check, which names the cell and the party", async () => {
  expect((await access("--write")).code).toBe(0);
  expect((await access("--check")).stdout).toContain("Access is as access.lock says.");
  const denials = room.match(/return false;/g)?.length ?? 0;
  expect(denials).toBeGreaterThan(2);
  try {
    withRoom(room.replace("return false;", "return true;"));
    const wider = await access("--check");
    expect(wider.code).toBe(1);
    expect(wider.stdout).toContain("anyone may now ask for actions of chatRoom that are not declared");
    expect(wider.stdout).toContain("chatRoom action * · Visitor: 403 → 404");
  } finally {
    withRoom(room);
  }
}, 60_000);

test("a guard that falls away and an event nobody may have any more are told apart", async () => {
  expect((await access("--write")).code).toBe(0);
  try {
    const open = 'if (invoke.kind === "action" && invoke.name === "history") return true;';
    withRoom(room.replace("events: { modLog: { by: Admin } },", "").replace(open, "if (Math.PI > 3) return true;"));
    const json = await access("--check", "--json");
    expect(json.code).toBe(1);
    const { changes } = JSON.parse(json.stdout) as { changes: { sentence: string }[] };
    expect(changes.map(({ sentence }) => sentence)).toContain("anyone may now subscribe to chatRoom.modLog");
    withRoom(room.replace('if (invoke.kind === "subscribe" && invoke.name === "removed") return true;', ""));
    const narrower = await access("--check");
    expect(narrower.code).toBe(0);
    expect(narrower.stdout).toContain("anyone may no longer subscribe to chatRoom.removed");
  } finally {
    withRoom(room);
  }
}, 60_000);

test("a given state is probed, recorded in the lock and checked with it", async () => {
  writeFileSync(
    join(folder, "states.json"),
    JSON.stringify({ chatRoom: { messages: [], nextId: 1, banned: ["alice"], log: [] } }),
  );
  expect((await access("--write", "--state", "states.json", "--lock", "state.lock")).code).toBe(0);
  const lock = readFileSync(join(folder, "state.lock"), "utf8");
  expect(lock).toContain('"state": "states.json"');
  expect(lock).toMatch(/"actor chatRoom action sendMessage": \{"User":\{"depends":\[/);
  try {
    withRoom(room.replace(" || c.state.banned.includes(c.caller.identity)", ""));
    const { code, stdout } = await access("--check", "--lock", "state.lock");
    expect(code).toBe(1);
    expect(stdout).toContain("a User may now call chatRoom.sendMessage\n");
  } finally {
    withRoom(room);
  }
}, 60_000);

test("deciders that reach outside are stopped, and the cell stays open", async () => {
  const marker = join(folder, "written");
  writeFileSync(
    join(folder, "outside.ts"),
    `import { writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { actor, setup, Visitor } from "byward";
const outside = actor({
  by: Visitor,
  canInvoke: async (_c, invoke) => {
    if (invoke.kind !== "action") return false;
    if (invoke.name === "asks") return (await fetch("http://127.0.0.1:9/allow")).ok;
    if (invoke.name === "writes") writeFileSync(${JSON.stringify(marker)}, "x");
    if (invoke.name === "starts") execFileSync("touch", [${JSON.stringify(marker)}]);
    return true;
  },
  actions: { asks: () => 1, writes: () => 1, starts: () => 1 },
});
export const registry = setup({ use: { outside } });
`,
  );
  const { stdout } = await byward(["access", "outside.ts", "--probe", "--json"], { cwd: folder });
  const { rows } = JSON.parse(stdout) as ProbedMatrix;
  const open = ["asks", "writes", "starts"].map((name) => rows.find((row) => row.name === name)!);
  expect(open.map(({ cells }) => cells["Visitor"])).toEqual(["?", "?", "?"]);
  expect(open[0]!.why["Visitor"]![0]!.because).toContain("asks http://127.0.0.1:9/allow");
  expect(() => readFileSync(marker)).toThrow("ENOENT");
});

test("flags that exclude each other and files that are not there are refused in words", async () => {
  expect((await access("--json", "--html")).code).toBe(2);
  const none = await access("--check", "--lock", "none.lock");
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("[access.no_lock]");
  expect((await access("--state", "none.json")).stderr).toContain("[access.state]");
});

test("names from code cannot write markup or rows of their own", async () => {
  writeFileSync(
    join(folder, "odd.ts"),
    `import { actor, setup, Visitor } from "byward";
export const registry = setup({ use: { odd: actor({ by: Visitor, actions: { "<img src=x onerror=alert(1)>|x": () => 1 } }) } });
`,
  );
  const html = await byward(["access", "odd.ts", "--html"], { cwd: folder });
  expect(html.stdout).toContain("&lt;img src=x onerror=alert(1)&gt;");
  expect(html.stdout).not.toContain("<img");
  const markdown = await byward(["access", "odd.ts", "--markdown"], { cwd: folder });
  expect(markdown.stdout.split("\n").find((line) => line.includes("img"))).not.toMatch(/[^\\]\|x/);
});
