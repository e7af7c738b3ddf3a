import fs, {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  actor,
  anyOf,
  bearer,
  type DecisionSinkContext,
  decisionLog,
  hasClaim,
  memory,
  party,
  refine,
  setup,
  Visitor,
} from "byward";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replayDecision } from "../../src/access/replay.ts";
import { DecisionRing } from "../../src/actors/decisions.ts";
import { fileName } from "../../src/hosts/node/decision-log/format.ts";
import { decisionsIn, filesOf, verifyLog } from "../../src/hosts/node/decision-log/read.ts";
import type { Logger } from "../../src/hosts/port.ts";
import { byward, start } from "../cli/process.ts";
import { get, post, provideSecret, SECRET, serve, token } from "../gate/server.ts";

let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), "byward-decisions-")), "log");
});
afterEach(() => rmSync(join(directory, ".."), { recursive: true }));

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
const desk = actor({
  by: anyOf(User, Visitor),
  guards: { actions: { close: { by: Admin } } },
  actions: { open: () => 1, close: () => 1 },
});

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const CONTEXT: DecisionSinkContext = {
  log: silent,
  refinements: [],
  isDeclared: () => true,
  levels: () => ({ actors: [], connections: [], leaseEnds: { expired: 0, revoked: 0 } }),
};
const records = () => [...decisionsIn(directory)].map(({ record }) => record);
const text = (): string =>
  filesOf(directory)
    .map((file) => readFileSync(join(directory, fileName(file)), "utf8"))
    .join("");

/** A log fed by hand. */
function feed(count: number, options: Partial<Parameters<typeof decisionLog>[0]> = {}, name = "open") {
  const log = decisionLog({ directory, ...options });
  const ring = new DecisionRing(8);
  log.start(CONTEXT);
  ring.subscribe(log.record);
  for (let index = 0; index < count; index++) {
    ring.record(
      1_700_000_000_000 + index,
      "desk",
      "1",
      "action",
      name,
      null,
      "unauthenticated",
      "credential.absent",
      null,
      0.25,
    );
  }
  return { log, ring };
}

test("every decision of a served registry stands in the log, with a digest for the identity and no token", async () => {
  provideSecret();
  const registry = setup({ use: { desk }, decisions: decisionLog({ directory }) });
  const { url, close } = await serve(registry);
  const alice = await token("alice-the-first", { admin: true });
  const bob = await token("bob-the-second");
  await post(`${url}/actors/desk/1/actions/close`, [], alice);
  await post(`${url}/actors/desk/1/actions/close`, [], bob);
  await post(`${url}/actors/desk/1/actions/open`, []);
  await post(`${url}/actors/desk/1/actions/open`, [], "nonsense.token.here");
  await get(`${url}/actors/desk/1/request/none`, alice);
  const { decisions } = await registry.runtime();
  const seen = decisions.recent().length;
  await close();
  const kept = records();
  expect(kept).toHaveLength(seen);
  expect(
    kept.slice(0, 4).map(({ outcome, party, base, holds, reason }) => [outcome, party, base, holds, reason]),
  ).toEqual([
    ["ok", "Admin", "User", ['hasClaim("admin")'], ""],
    ["forbidden", null, null, [], "invariant:Admin"],
    ["ok", "Visitor", "Visitor", [], ""],
    ["unauthenticated", null, null, [], expect.stringMatching(/^jwt\.|^bearer\./)],
  ]);
  expect(kept[0]!.who).toMatch(/^[0-9a-f]{32}$/);
  for (const secret of ["alice-the-first", alice, bob.split(".")[2]!, "nonsense", SECRET]) {
    expect(text()).not.toContain(secret);
  }
  expect(statSync(join(directory, "digest.key")).mode & 0o777).toBe(0o600);
  expect(verifyLog(directory)).toMatchObject({ ok: true, decisions: seen, problems: [] });
});

test("a change, an insertion, a removal or a swap of any line breaks the chain", async () => {
  await feed(40).log.close();
  const path = join(directory, fileName(1));
  const original = readFileSync(path, "utf8");
  expect(verifyLog(directory).ok).toBe(true);
  const lines = original.trimEnd().split("\n");
  const rewrite = (changed: readonly string[]) => {
    writeFileSync(path, `${changed.join("\n")}\n`);
    return verifyLog(directory).ok;
  };
  for (let at = 0; at < lines.length; at++) {
    const other = lines[at]!.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10));
    expect(rewrite(lines.toSpliced(at, 1, other)), `changed ${at}`).toBe(false);
    expect(rewrite(lines.toSpliced(at, 0, lines[at]!)), `doubled ${at}`).toBe(false);
    // Without its last chain line a log ends in what is not chained yet.
    if (at < lines.length - 1) expect(rewrite(lines.toSpliced(at, 1)), `removed ${at}`).toBe(false);
  }
  expect(rewrite(lines.map((line) => line.replace("unauthenticated", "ok")))).toBe(false);
  expect(rewrite(lines)).toBe(true);
});

test("a log cut at a block is found by a head that was exported before", async () => {
  const heads: string[] = [];
  const { log, ring } = feed(3, { headInterval: 0, onHead: ({ chain }) => heads.push(chain) });
  await log.close();
  expect(verifyLog(directory, heads.at(-1))).toMatchObject({ ok: true, head: heads.at(-1) });
  const path = join(directory, fileName(1));
  const blocks = readFileSync(path, "utf8").split(/(?<=\{"chain".*\n)/);
  writeFileSync(path, blocks.slice(0, -1).join(""));
  expect(verifyLog(directory).ok).toBe(true);
  expect(verifyLog(directory, heads.at(-1))).toMatchObject({
    ok: false,
    problems: [{ problem: expect.stringContaining("cut or rewritten") }],
  });
  expect(ring.count).toBe(3);
});

test("what a kill left without a chain line is chained by the next process", async () => {
  await feed(3).log.close();
  const path = join(directory, fileName(1));
  for (const rest of ["[1,4,", "[1,4,0]\n", "\u0000\u0001"]) {
    appendFileSync(path, rest);
    expect(verifyLog(directory)).toMatchObject({ ok: true, unchained: Buffer.byteLength(rest) });
    await feed(2).log.close();
    expect(verifyLog(directory)).toMatchObject({ ok: true, unchained: 0 });
    expect(text()).toContain(`{"torn":${Buffer.byteLength(rest)}}`);
  }
});

test("wherever a power failure cut the last file, the next process goes on and the chain holds", async () => {
  await feed(3).log.close();
  const path = join(directory, fileName(1));
  const whole = readFileSync(path);
  for (let end = 0; end < whole.length; end += end < whole.length - 130 ? 13 : 1) {
    writeFileSync(path, whole.subarray(0, end));
    await feed(1).log.close();
    expect(verifyLog(directory).problems, `cut at ${end}`).toEqual([]);
  }
});

test("a log that another registry writes is refused and left as it is, and free once that one closed", async () => {
  const { log } = feed(3);
  const before = text();
  const other = decisionLog({ directory });
  expect(() => other.start(CONTEXT)).toThrow(/decisions\.busy/);
  expect(text()).toBe(before);
  await log.close();
  other.start(CONTEXT);
  await other.close();
  expect(verifyLog(directory).ok).toBe(true);
});

test("a file that had a name and nothing else is begun again", async () => {
  await feed(3).log.close();
  for (const left of ["", '{"log":"byward.deci']) {
    writeFileSync(join(directory, fileName(2)), left);
    await feed(2).log.close();
    expect(verifyLog(directory)).toMatchObject({ ok: true, files: 1 });
  }
  expect(records()).toHaveLength(7);
});

test("a key of the digests that is none is refused: under it anybody could guess at identities", () => {
  mkdirSync(directory);
  writeFileSync(join(directory, "digest.key"), "");
  expect(() => feed(1)).toThrow(/digest\.key holds no key.*decisions\.directory/);
});

test("files rotate, the chain goes across them, and a removed one in between shows", async () => {
  for (let round = 0; round < 12; round++) await feed(400, { maxFileSize: 4096, maxFiles: 4 }).log.close();
  const files = filesOf(directory);
  expect(files).toHaveLength(4);
  expect(verifyLog(directory)).toMatchObject({ ok: true, isCut: true });
  rmSync(join(directory, fileName(files[1]!)));
  expect(verifyLog(directory).ok).toBe(false);
});

test("names cannot begin a line, reach a terminal or grow without bound", async () => {
  const evil = `x"}\n{"chain":"${"0".repeat(64)}","lines":1,"at":1}\n\u001b[2J\u202e\u2028${"y".repeat(5000)}`;
  await feed(1, {}, evil).log.close();
  expect(verifyLog(directory)).toMatchObject({ ok: true, decisions: 1 });
  expect(records()[0]!.name).toHaveLength(256);
  const { stdout } = await byward(["decisions", directory]);
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(stdout).not.toMatch(/[\u001b\u202e\u2028]/);
  expect(stdout).toContain("\\u001b[2J\\u202e");
});

test("what gathers is bounded: a block is written at once when there are many", () => {
  const { log } = feed(5000);
  // Nothing was awaited since: no timer has run.
  expect(records().length).toBeGreaterThanOrEqual(4096);
  return log.close();
});

test("a registry on a memory host that a test put it on writes nothing", async () => {
  provideSecret();
  const tested = setup({ use: { desk }, decisions: decisionLog({ directory }) });
  await tested.start(memory());
  await tested.fetch(new Request("http://localhost/actors/desk/1/actions/open", { method: "POST" }));
  await tested.close();
  expect(() => readdirSync(directory)).toThrow("ENOENT");
});

test("replay decides parties and predicates again, and leaves open what code decides", () => {
  const known = { User: ['hasClaim("admin")'] };
  const record = (name: string, base: string | null, holds: string[], outcome: string, reason = "") =>
    ({ target: "desk", kind: "action", name, base, holds, outcome, reason }) as const;
  const decide = (use: Parameters<typeof setup>[0]["use"], ...of: Parameters<typeof record>) =>
    replayDecision(setup({ use: use! }).config, record(...of), known);
  expect(decide({ desk }, "open", "User", [], "ok")).toEqual({ was: "allow", now: "allow" });
  const strict = actor({
    by: User,
    guards: { actions: { open: { by: Admin } } },
    actions: { open: () => 1, close: () => 1 },
  });
  expect(decide({ desk: strict }, "open", "User", [], "ok")).toEqual({ was: "allow", now: "403" });
  expect(decide({ desk: strict }, "open", "User", ['hasClaim("admin")'], "ok")).toEqual({ was: "allow", now: "allow" });
  expect(decide({ desk: strict }, "open", "Visitor", [], "ok")).toEqual({ was: "allow", now: "401" });
  expect(decide({ desk: strict }, "close", null, [], "forbidden", "invariant:Admin")).toEqual({ was: "403", now: "?" });
  const Editor = refine("Editor", User, hasClaim("editor"));
  const edited = actor({ by: Editor, actions: { open: () => 1 } });
  expect(decide({ desk: edited }, "open", "User", [], "ok")).toEqual({ was: "allow", now: "?" });
  const coded = actor({ by: User, canInvoke: () => true, actions: { open: () => 1 } });
  expect(decide({ desk: coded }, "open", "User", [], "ok")).toEqual({ was: "allow", now: "?" });
  expect(decide({ desk }, "open", null, [], "unauthenticated", "credential.absent")).toEqual({
    was: "401",
    now: "allow",
  });
  expect(decide({ other: desk }, "open", "User", [], "ok")).toEqual({ was: "allow", now: "404" });
});

test("byward decisions filters, finds an identity, verifies and replays", async () => {
  provideSecret();
  const registry = setup({ use: { desk }, decisions: decisionLog({ directory }) });
  const { url, close } = await serve(registry);
  await post(`${url}/actors/desk/1/actions/open`, [], await token("alice"));
  await post(`${url}/actors/desk/1/actions/open`, [], await token("bob"));
  await post(`${url}/actors/desk/1/actions/close`, [], await token("bob"));
  await close();
  const lines = async (...args: string[]) => {
    const { stdout, code } = await byward(["decisions", directory, ...args]);
    return { code, lines: stdout.trimEnd().split("\n") };
  };
  expect((await lines("--denied")).lines).toHaveLength(1);
  const bobs = (await lines("--identity", "bob", "--json")).lines.map(
    (line) => JSON.parse(line) as { outcome: string },
  );
  expect(bobs.map(({ outcome }) => outcome)).toEqual(["ok"]);
  expect(await lines("--verify")).toMatchObject({ code: 0 });
  expect(await lines("--head", "f".repeat(64))).toMatchObject({ code: 1 });
  const entry = join(directory, "../registry.ts");
  writeFileSync(
    entry,
    `import { actor, bearer, hasClaim, party, refine, setup } from "byward";
const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));
export const registry = setup({ use: { desk: actor({ by: Admin, actions: { open: () => 1, close: () => 1 } }) } });
`,
  );
  const replayed = await lines("--replay", entry, "--json");
  expect(JSON.parse(replayed.lines[0]!)).toMatchObject({
    decisions: 3,
    changed: 2,
    changes: [{ was: "allow", now: "403", what: "desk action open · User", count: 2 }],
  });
}, 60_000);

test("what is read is what was recorded, whatever shapes and numbers it has", async () => {
  const log = decisionLog({ directory, maxFileSize: 8192, maxFiles: 100 });
  const ring = new DecisionRing(20_000);
  log.start(CONTEXT);
  ring.subscribe(log.record);
  const seed = Date.now() % 2 ** 31;
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const names = Array.from({ length: 30 }, (_, at) => `name ${at} \u2028"\\`);
  for (let at = 0; at < 12_000; at++) {
    const time = 1_700_000_000_000 + random(10) * 12_345 - random(2) * 99_999;
    const id = random(5) === 0 ? `id-${at}\n` : null;
    ring.record(
      time,
      "desk",
      String(random(9)),
      "action",
      names[random(30)]!,
      null,
      random(2) === 0 ? "ok" : "forbidden",
      "",
      id,
      random(3000) / 10,
    );
  }
  await log.close();
  const expected = ring
    .recent()
    .map(({ seq, at, key, name, outcome, correlationId, duration }) => [
      seq,
      at,
      key,
      name,
      outcome,
      correlationId,
      Math.round(duration),
    ]);
  const read = records().map(({ seq, at, key, name, outcome, id, ms }) => [seq, at, key, name, outcome, id, ms]);
  expect(read, `seed ${seed}`).toEqual(expected);
  expect(filesOf(directory).length).toBeGreaterThan(2);
  expect(verifyLog(directory)).toMatchObject({ ok: true, decisions: 12_000 });
});

test("what a failing disk did not take is counted in the log, and the chain holds", async () => {
  const { log, ring } = feed(4096);
  const { writeSync } = fs;
  const fail = (): number => {
    throw Object.assign(new Error("no space"), { code: "ENOSPC" });
  };
  // Half of a block arrives, then nothing does.
  let isFirst = true;
  fs.writeSync = ((descriptor: number, data: Uint8Array) => {
    if (!isFirst) return fail();
    isFirst = false;
    return writeSync(descriptor, data.subarray(0, 100));
  }) as typeof fs.writeSync;
  syncBuiltinESMExports();
  const more = (count: number): void => {
    for (let at = 0; at < count; at++) ring.record(1, "desk", "1", "action", "open", null, "ok", "", null, 0);
  };
  try {
    more(4096);
    more(4096);
  } finally {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  }
  more(10);
  await log.close();
  expect(verifyLog(directory)).toMatchObject({ ok: true, lost: 8192 });
  expect(
    records()
      .slice(-10)
      .map(({ seq, outcome }) => [seq, outcome]),
  ).toEqual(Array.from({ length: 10 }, (_, at) => [3 * 4096 + 1 + at, "ok"]));
});

test("where no other file can be begun, the one there grows and nothing is lost", async () => {
  const { log, ring } = feed(1, { maxFileSize: 4096 });
  writeFileSync(join(directory, fileName(2)), "");
  for (let at = 0; at < 9000; at++) ring.record(1, "desk", "1", "action", "open", null, "ok", "", null, 0);
  await log.close();
  rmSync(join(directory, fileName(2)));
  expect(verifyLog(directory)).toMatchObject({ ok: true, decisions: 9001, lost: 0, files: 1 });
});

test("shapes are forgotten past 8192 and defined anew, and ids are cut at 64: nothing is lost, nothing grows", async () => {
  const { log, ring } = feed(0);
  const id = "i".repeat(100);
  for (let at = 0; at < 20_000; at++)
    ring.record(at, "desk", `k${at % 10_000}`, "action", "open", null, "ok", "", id, 0);
  await log.close();
  expect(text().match(/^\{"forget":true\}$/gm)?.length).toBeGreaterThanOrEqual(1);
  const read = records();
  expect(read.map(({ key }) => key)).toEqual(Array.from({ length: 20_000 }, (_, at) => `k${at % 10_000}`));
  expect(new Set(read.map((record) => record.id))).toEqual(new Set(["i".repeat(64)]));
  expect(verifyLog(directory)).toMatchObject({ ok: true, lost: 0 });
});

test("byward decisions --follow shows each decision once, across files too", async () => {
  const { log, ring } = feed(40, { maxFileSize: 4096 }, "first");
  await log.close();
  const again = decisionLog({ directory, maxFileSize: 4096 });
  again.start(CONTEXT);
  ring.subscribe(again.record);
  const running = start("src/cli/main.ts", ["decisions", directory, "--follow", "--json", "--limit", "1"]);
  await running.waitFor(/"name":"first"/);
  for (let at = 0; at < 3000; at++) {
    ring.record(2, "desk", "1", "action", `next${at}`, null, "ok", "", null, 0);
    if (at % 300 === 299) await new Promise((done) => setTimeout(done, 150));
  }
  await again.close();
  expect(filesOf(directory).length).toBeGreaterThan(2);
  await running.waitFor(/"name":"next2999"/);
  await running.stop();
  const names = running.stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { name: string }).name);
  expect(names.slice(1)).toEqual(Array.from({ length: 3000 }, (_, at) => `next${at}`));
});
