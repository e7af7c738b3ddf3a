/** Attacks on what is not there, or not any more: a report of what nobody answered is not a clean one. */
import { mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Report } from "../../src/attack/attack.ts";
import { attackUrl } from "../../src/attack/black-box.ts";
import { byward, start } from "../cli/process.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

const entry = (action: string): string => `import { actor, setup, Visitor } from "byward";
const room = actor({ by: Visitor, actions: { hello: ${action} } });
export const registry = setup({ use: { room } });
`;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-attack-gone-")));
  symlinkSync(`${root}node_modules`, join(folder, "node_modules"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const attack = (...args: string[]) => byward(["attack", ...args], { cwd: folder });

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

test("where nothing listens, nothing was tried: exit code 2, and no word of a clean report", async () => {
  const url = "http://127.0.0.1:9";
  const { code, stdout } = await attack(`${url}/actors/room/a/actions/hello`);
  expect(stdout).toContain(`Ended early: nothing answers at ${url}`);
  expect(stdout).not.toContain("✓");
  expect(code).toBe(2);
}, 60_000);

test("an address that knows nothing of the path was not attacked", async () => {
  const server = createServer((_request, response) => response.writeHead(404).end());
  const { stopped, findings } = await attackUrl(`${await listening(server)}/acount`);
  await closed(server);
  expect(stopped).toBe("nothing there could be tried: it answers 404");
  expect(findings).toEqual([]);
});

test("a proxy whose server is gone was not attacked", async () => {
  const server = createServer((_request, response) => response.writeHead(502).end());
  const { stopped } = await attackUrl(`${await listening(server)}/account`);
  await closed(server);
  expect(stopped).toBe("nothing there could be tried: it answers 502");
});

test("a server that dies of what it is sent is a finding, from outside", async () => {
  let left = 5;
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(401).end();
    left -= 1;
    if (left === 0) void closed(server);
  });
  const { findings, stopped } = await attackUrl(`${await listening(server)}/account`);
  expect(findings.map(({ id }) => id)).toEqual(["server.crashed"]);
  expect(findings[0]!.sent).toMatch(/^last answered: (GET|POST) \/account/);
  expect(stopped).toContain("does not answer any more");
});

test("a registry that closes in the middle is a finding", async () => {
  writeFileSync(join(folder, "closes.ts"), entry("() => void registry.close()"));
  const { code, stdout } = await attack("closes.ts", "--only", "names", "--json");
  const { findings, stopped } = JSON.parse(stdout) as Report;
  expect(findings.map(({ id }) => id)).toEqual(["server.crashed"]);
  expect(stopped).toContain("does not answer any more");
  expect(code).toBe(1);
}, 60_000);

test("a handler that ends the process does not end the attack, and is a finding", async () => {
  writeFileSync(join(folder, "exits.ts"), entry("() => process.exit(0)"));
  const { code, stdout } = await attack("exits.ts", "--only", "names", "--json");
  const { findings, coverage } = JSON.parse(stdout) as Report;
  const crash = findings.find(({ id }) => id === "server.crashed");
  expect(crash?.came).toContain("process.exit(0) was called");
  expect(coverage.missing).toEqual([]);
  expect(code).toBe(1);
}, 60_000);

test("a report that cannot be written to its file is printed all the same", async () => {
  writeFileSync(join(folder, "sound.ts"), entry('() => "hello"'));
  const { code, stdout, stderr } = await attack("sound.ts", "--only", "names", "--html", "nowhere/report.html");
  expect(stdout).toContain("✓ Nothing was found.");
  expect(stderr).toContain("[attack.file]");
  expect(code).toBe(2);
}, 60_000);

test("an attack that is stopped leaves no data directory behind", async () => {
  writeFileSync(join(folder, "slow.ts"), entry("() => new Promise(() => {})"));
  const temporary = mkdtempSync(join(folder, "tmp-"));
  const running = start("src/cli/main.ts", ["attack", "slow.ts"], { cwd: folder, env: { TMPDIR: temporary } });
  const isServing = (): boolean => readdirSync(temporary, { recursive: true }).length > 1;
  while (!isServing() && running.child.exitCode === null) await sleep(20);
  expect((await running.stop()).code).toBeNull();
  expect(readdirSync(temporary)).toEqual([]);
}, 60_000);
