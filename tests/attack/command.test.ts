/** `byward attack` as it is called: exit codes, the forms of the report, whom it refuses to attack. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Report } from "../../src/attack/attack.ts";
import { attackUrl, mayAttack } from "../../src/attack/black-box.ts";
import { byward } from "../cli/process.ts";
import { serveForFile, type TestServer } from "../gate/server.ts";
import { soundRegistry } from "./sound.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let served: TestServer;

const ENTRY = `import { actor, setup, Visitor } from "byward";
const room = actor({ by: Visitor, actions: { hello: () => "hello" }, onRequest: (_c, request) => {
  if (new URL(request.url).search !== "") process.stderr.write(decodeURIComponent(new URL(request.url).search) + "\\n");
  return new Response("here");
} });
export const registry = setup({ use: { room } });
`;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-attack-cli-")));
  symlinkSync(`${root}node_modules`, join(folder, "node_modules"));
  writeFileSync(join(folder, "holed.ts"), ENTRY);
  writeFileSync(join(folder, "sound.ts"), ENTRY.replace(/ {2}if .*\n/, ""));
  process.env["SOUND_JWT_SECRET"] = "a-secret-of-this-test-of-at-least-32-bytes";
  process.env["SOUND_HOOK_SECRET"] = "a-webhook-secret-of-some-length";
  served = await serveForFile(soundRegistry());
});
afterAll(async () => {
  await served.close();
  rmSync(folder, { recursive: true });
});

const attack = (...args: string[]) => byward(["attack", ...args], { cwd: folder });

test("an entry with a hole ends with 1, and every form of the report names it", async () => {
  const { code, stdout } = await attack("holed.ts", "--only", "log", "--html", "r.html", "--junit", "r.xml");
  expect(code).toBe(1);
  expect(stdout).toContain("[log.injection] ASVS 16.4.1");
  expect(stdout).not.toContain("\u001b[");
  const page = readFileSync(join(folder, "r.html"), "utf8");
  expect(page).toContain("<code>log.injection</code>");
  expect(page).not.toContain("<script");
  expect(readFileSync(join(folder, "r.xml"), "utf8")).toMatch(/name="log\.injection:[^>]*>\s*<failure type="medium"/);
}, 60_000);

test("a lock that agreed to less makes a finding, and what could not be sent is missing", async () => {
  const cells = { "actor room action hello": { Visitor: "401" } };
  writeFileSync(join(folder, "access.lock"), JSON.stringify({ version: 1, probed: true, cells }));
  const { stdout, code } = await attack("sound.ts", "--requests", "5", "--json");
  const { findings, coverage, stopped } = JSON.parse(stdout) as Report;
  expect(findings.map(({ id }) => id)).toContain("access.widened");
  expect(findings.map(({ came }) => came)).toContain("anyone may now call room.hello: 401 → allow");
  expect(stopped).toBe("the 5 requests are used up");
  expect(coverage.tried + coverage.missing.length).toBe(coverage.planned);
  expect(coverage.missing.length).toBeGreaterThan(0);
  expect(code).toBe(1);
}, 60_000);

test("an address is attacked from outside, and what is not seen from there is said", async () => {
  const url = `${served.url}/actors/room/lobby/actions/write`;
  const report = await attackUrl(url);
  expect(report.findings).toEqual([]);
  expect(report.checked).toContain("token.alg_none");
  expect(report.notTried.map(({ what }) => what)).toContain(
    "which code ran, what was logged, what was changed for all objects",
  );
}, 60_000);

test("from outside, a server that takes every token is found out", async () => {
  const naive = createServer((request, response) => {
    response.writeHead(request.headers.authorization === undefined ? 401 : 200).end();
  });
  await new Promise<void>((resolve) => naive.listen(0, "127.0.0.1", resolve));
  const { port } = naive.address() as AddressInfo;
  const { findings } = await attackUrl(`http://127.0.0.1:${port}/account`, { token: "a.good.token" });
  naive.close();
  const found = new Set(findings.map(({ id }) => id));
  for (const rule of ["token.alg_none", "token.signature", "token.embedded_key", "credential.two"] as const) {
    expect(found).toContain(rule);
  }
});

test("only loopback, or exactly the owned host, may be attacked", async () => {
  expect(mayAttack("http://127.0.0.1:80/x", undefined)).toBeNull();
  expect(mayAttack("http://[::1]/x", undefined)).toBeNull();
  expect(mayAttack("http://localhost:1/", undefined)).toBeNull();
  expect(mayAttack("https://chat.example/", "chat.example")).toBeNull();
  expect(mayAttack("https://chat.example/", "example")).not.toBeNull();
  expect(mayAttack("https://chat.example/", undefined)).not.toBeNull();
  expect(mayAttack("http://127.0.0.1.chat.example/", undefined)).not.toBeNull();
  expect(mayAttack("http://localhost@chat.example/", undefined)).not.toBeNull();
  const { code, stderr } = await attack("https://chat.example/actors/room/a/actions/b", "--only", "log");
  expect(code).toBe(2);
  expect(stderr).toContain("[attack.not_yours]");
}, 60_000);
