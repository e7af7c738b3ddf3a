/** The command line on Bynk: what it prints, what it writes, and how it ends. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { byward, type Running, start } from "./process.ts";

// Each starts processes, which take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const api = fileURLToPath(new URL("../../examples/bynk-api", import.meta.url));
const sound = `context hello

service api from http {
  on GET("/") by Visitor () -> Effect[HttpResult[String]] { Ok("hello") }
}
`;
const open = sound.replace(" by Visitor", "");

function project(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-cli-bynk-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

test("check passes a sound project and says how much it has read", async () => {
  const { code, stdout } = await byward(["check", api]);
  expect(stdout).toContain("3 files checked");
  expect(code).toBe(0);
});

test("check shows an error with its line underlined, without colours where nobody sees them, and ends with 1", async () => {
  const { code, stdout, stderr } = await byward(["check", project({ "src/hello.bynk": open })]);
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain("bynk.actor.missing_by_on_http");
  expect(stderr).toContain('on GET("/") () -> Effect[HttpResult[String]]');
  expect(stderr).not.toContain("\u001b[");
});

test("check --json prints the diagnostics as an array", async () => {
  const { code, stdout } = await byward(["check", "--json", project({ "src/hello.bynk": open })]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { code: "bynk.actor.missing_by_on_http", path: "src/hello.bynk", line: 4, severity: "error" },
  ]);
});

test("check takes a file: a commons alone, a context with its folder", async () => {
  const folder = project({ "words.bynk": "commons words\nfn one() -> Int { 1 }\n", "hello.bynk": sound });
  expect((await byward(["check", join(folder, "words.bynk")])).stdout).toContain("1 file checked");
  expect((await byward(["check", join(folder, "hello.bynk")])).stdout).toContain("2 files checked");
});

test("compile writes modules with source maps, and leaves them alone when nothing has changed", async () => {
  const folder = project({ "src/hello.bynk": sound });
  const first = await byward(["compile", folder]);
  expect(first.stdout).toContain("1 file compiled: 1 module in");
  expect(readFileSync(join(folder, "out/hello.ts"), "utf8")).toContain('"GET /"');
  const map = JSON.parse(readFileSync(join(folder, "out/hello.ts.map"), "utf8"));
  expect(map).toMatchObject({ version: 3, sources: ["../src/hello.bynk"], sourcesContent: [sound] });
  expect(existsSync(join(folder, "out/package.json"))).toBe(false);
  expect((await byward(["compile", folder])).stdout).toContain("nothing has changed");
});

test("compile writes nothing when there is an error", async () => {
  const folder = project({ "src/hello.bynk": open });
  const { code } = await byward(["compile", folder, "--out", join(folder, "made")]);
  expect(code).toBe(1);
  expect(existsSync(join(folder, "made"))).toBe(false);
});

/** Changes sources until that is told: when the first round is told, the watching may not have begun. */
async function again(change: () => void, running: Running, told: RegExp, where?: "stdout" | "stderr"): Promise<void> {
  const changing = setInterval(change, 1000);
  try {
    await running.waitFor(told, where);
  } finally {
    clearInterval(changing);
  }
}

test("check --watch tells again when a source changes", async () => {
  const folder = project({ "src/hello.bynk": sound });
  const running = start("src/cli/main.ts", ["check", "--watch", folder]);
  onTestFinished(() => void running.child.kill());
  await running.waitFor(/1 file checked/);
  await again(() => writeFileSync(join(folder, "src/hello.bynk"), open), running, /missing_by_on_http/, "stderr");
  await running.stop();
});

test("compile --watch outlives a project that is gone for a moment", async () => {
  const folder = project({ "hello.bynk": sound });
  const file = join(folder, "hello.bynk");
  const running = start("src/cli/main.ts", ["compile", "--watch", file, "--out", join(folder, "made")]);
  onTestFinished(() => void running.child.kill());
  await running.waitFor(/1 module in/);
  const goAway = (): void => {
    writeFileSync(file, sound);
    rmSync(file);
  };
  await again(goAway, running, /is not there/);
  writeFileSync(file, `${sound}\n`);
  await running.waitFor(/1 file compiled[\s\S]*1 file compiled/);
  await running.stop();
});

test("a path that is not there is named", async () => {
  const { code, stderr } = await byward(["check", "nowhere.bynk"]);
  expect(code).toBe(2);
  expect(stderr).toContain("nowhere.bynk is not there");
});

test("explain prints the page of a code", async () => {
  const { code, stdout } = await byward(["explain", "bynk.actor.missing_by_on_http"]);
  expect(code).toBe(0);
  expect(stdout).toContain("bynk.actor.missing_by_on_http");
});

test("dev serves a Bynk project, takes up a change, and keeps serving while there is an error", async () => {
  const folder = project({ "src/hello.bynk": sound });
  const running = start("src/cli/main.ts", ["dev", folder, "--port", "0", "--data-dir", join(folder, "data")], {
    cwd: folder,
    env: { NODE_ENV: undefined },
  });
  onTestFinished(() => void running.child.kill());
  const [url = ""] = await running.waitFor(/http:\/\/127\.0\.0\.1:\d+/);
  const read = async (): Promise<string> => (await fetch(`${url}/`)).text();
  expect(await read()).toBe('"hello"');
  writeFileSync(join(folder, "src/hello.bynk"), open);
  await running.waitFor(/missing_by_on_http/, "stderr");
  expect(await read()).toBe('"hello"');
  writeFileSync(join(folder, "src/hello.bynk"), sound.replace('Ok("hello")', 'Ok("changed")'));
  await running.waitFor(/Running again/);
  expect(await read()).toBe('"changed"');
  await running.stop();
});

test("new --bynk makes a project that checks", async () => {
  const folder = join(project({}), "shop");
  expect((await byward(["new", folder, "--bynk"])).code).toBe(0);
  expect((await byward(["check", folder])).code).toBe(0);
});
