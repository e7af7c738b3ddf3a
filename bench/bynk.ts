/**
 * Speed of the Bynk compiler: checking 10,000 lines of ordinary ring-1 code beside `tsc --noEmit` on the TypeScript emitted
 * for them, and what an edit in one of 100 files costs.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createProject, emit, type Program } from "../src/bynk/index.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const FILES = 100;
const LINES = 10_000;
const ROUNDS = 5;

/** About a hundred lines: types, functions, parties and routes, as people write them. */
function contextText(index: number): string {
  const part = (at: number): string => `
type Name${at} = String where MinLength(1) and MaxLength(64)
type Item${at} = { id: Name${at}, count: Int where InRange(0, 1_000), note: Option[String] }
type State${at} =
  | Waiting${at}(since: Instant)
  | Done${at}(item: Item${at}, at: Instant)
  | Failed${at}(reason: String)

fn Item${at}.more(self, extra: Int) -> Result[Item${at}, String] {
  let total = self.count + extra
  if total > 1_000 {
    Err("\\(self.id) would have \\(total)")
  } else {
    Ok(Item${at} { ...self, count: total })
  }
}

fn describe${at}(state: State${at}) -> String {
  match state {
    Waiting${at}(_) => "waiting"
    Done${at}(item, _) if item.count > 10 => "many of \\(item.id)"
    Done${at}(item, _) => item.note.getOrElse("done")
    Failed${at}(reason) => reason.toUpper()
  }
}
`;
  const routes = [0, 1].map(
    (at) => `
  on GET("/items${at}/:id") by u: User (id: Name0) -> Effect[HttpResult[Item${at}]] {
    if u.identity == id { Ok(Item${at} { id: "item", count: 1, note: Some(id) }) } else { Forbidden }
  }

  on POST("/items${at}") by who: Hook | User (body: Item${at}) -> Effect[HttpResult[Int]] given Clock {
    let now <- Clock.now()
    match who {
      Hook => Created(body.count)
      User(id) => match body.more(1) {
        Ok(item) => Created(item.count)
        Err(why) => Conflict("\\(id): \\(why) at \\(now)")
      }
    }
  }`,
  );
  return `context bench.part${index}
consumes bynk { Clock }
${part(0)}${part(1)}${part(2)}
actor User { auth = Bearer(secret = "USER_KEY"), identity = Name0 }
actor Hook { auth = Signature(secret = "HOOK_KEY", header = "X-Sig", timestamp = "X-Time", tolerance = 300) }

service api from http {${routes.join("\n")}
}
`;
}

const texts = Array.from({ length: FILES }, (_, index) => contextText(index));
const written = texts.reduce((sum, text) => sum + text.split("\n").length, 0);
const files = Object.fromEntries(texts.map((text, index) => [`src/bench/part${index}.bynk`, text]));

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
const timed = <T>(task: () => T): { readonly ms: number; readonly value: T } => {
  const start = performance.now();
  const value = task();
  return { ms: performance.now() - start, value };
};

function checkAll(): Program {
  const project = createProject();
  for (const [path, text] of Object.entries(files)) project.setFile(path, text);
  const { diagnostics, program } = project.check();
  if (program === undefined) throw new Error(`the program has errors: ${diagnostics[0]?.message}`);
  return program;
}

/** A process of its own, as `tsc` is one: start, loading and checking from cold. */
function checkInProcess(folder: string): number {
  const cli = join(root, "src/cli/main.ts");
  return timed(() => run(process.execPath, [cli, "check", folder])).ms;
}

function run(command: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stdout}${stderr}`);
}

function writeAll(folder: string, all: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

const folder = mkdtempSync(join(tmpdir(), "byward-bench-bynk-"));
try {
  const program = checkAll();
  const emitted = timed(() => emit(program, { out: "out" }));
  writeAll(join(folder, "bynk"), { ...files, "bynk.toml": "" });
  writeAll(join(folder, "out"), emitted.value);
  const options = {
    target: "es2024",
    module: "nodenext",
    moduleDetection: "force",
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
    paths: {
      byward: [join(root, "dist/index.d.ts")],
      "byward/bynk/runtime": [join(root, "dist/bynk/runtime/index.d.ts")],
    },
  };
  writeAll(folder, {
    "package.json": '{ "type": "module" }',
    "tsconfig.json": JSON.stringify({ compilerOptions: options, include: ["out"] }),
  });
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const checks = Array.from({ length: ROUNDS }, () => timed(checkAll).ms);
  const processes = Array.from({ length: ROUNDS }, () => checkInProcess(join(folder, "bynk")));
  const tscs = Array.from({ length: ROUNDS }, () => timed(() => run(process.execPath, [tsc, "-p", folder])).ms);
  const ratio = median(processes) / median(tscs);
  console.log(`${written} lines of Bynk in ${FILES} files (wanted: at least ${LINES}); medians of ${ROUNDS} rounds`);
  console.log(`  check, in this process        ${median(checks).toFixed(0)} ms`);
  console.log(`  byward check, its own process ${median(processes).toFixed(0)} ms`);
  console.log(`  tsc --noEmit of what it emits ${median(tscs).toFixed(0)} ms`);
  console.log(`  ratio ${ratio.toFixed(2)} (limit 1.50); emitting ${emitted.ms.toFixed(0)} ms`);
  const project = createProject();
  for (const [path, text] of Object.entries(files)) project.setFile(path, text);
  const cold = timed(() => project.check());
  const edits = Array.from({ length: 20 }, (_, round) => {
    project.setFile("src/bench/part50.bynk", `${contextText(50)}\n-- edit ${round}\n`);
    return timed(() => project.check());
  });
  const parsed = edits.map(({ value }) => value.work.parsed.length);
  const checked = edits.map(({ value }) => value.work.checked.length);
  console.log(`an edit in one of ${FILES} files: ${median(edits.map(({ ms }) => ms)).toFixed(1)} ms`);
  console.log(
    `  (the first check ${cold.ms.toFixed(0)} ms); files parsed again: ${Math.max(...parsed)}, units checked again: ${Math.max(...checked)}`,
  );
  if (ratio > 1.5 || Math.max(...parsed) > 1) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
