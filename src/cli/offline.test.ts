/** `byward sign`, `verify` and `data`, run as a person would. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { byward } from "../../tests/cli/process.ts";
import { SqliteStore } from "../hosts/node/store/sqlite-store.ts";

const REGISTRY = fileURLToPath(new URL("../../tests/fixtures/cli/hooks.ts", import.meta.url));
const DATA = fileURLToPath(new URL("../../tests/fixtures/data/v3/", import.meta.url));
const OLDER_DATA = fileURLToPath(new URL("../../tests/fixtures/data/v1/", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "byward-offline-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SECRETS = { CLI_SECRET: "a-secret-of-more-than-thirty-two-bytes", GITHUB_SECRET: "It's a Secret to Everybody" };

test("sign gives GitHub's documented signature for its documented delivery", async () => {
  const { stdout, code } = await byward(["sign", "github", "--secret", "GITHUB_SECRET", "--body", "Hello, World!"], {
    env: SECRETS,
  });
  expect(code).toBe(0);
  expect(stdout.toLowerCase()).toContain(
    "x-hub-signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
  );
});

test("a time to sign that is no number is refused, not signed", async () => {
  for (const at of ["abc", "1e99", ""]) {
    const { stdout, stderr, code } = await byward(
      ["sign", "plain", "--secret", "CLI_SECRET", "--body", "x", "--at", at],
      { env: SECRETS },
    );
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
    expect(stderr).toContain("seconds since 1970");
  }
});

test("what sign signs, verify accepts; with one byte more it says which step fails", async () => {
  const signed = await byward(["sign", "github", "--secret", "GITHUB_SECRET", "--body", "payload"], { env: SECRETS });
  const header = ["-H", signed.stdout.trim().split("\n").at(-1)!];
  const good = await byward(["verify", REGISTRY, "Hub", "--body", "payload", ...header], { env: SECRETS });
  expect(good.stdout).toContain("Hub: accepted");
  expect(good.code).toBe(0);
  const bad = await byward(["verify", REGISTRY, "Hub", "--body", "payload ", ...header], { env: SECRETS });
  expect(bad.stdout).toMatch(/✗ .*/);
  expect(bad.stdout).toContain("unauthenticated (signature.");
  expect(bad.code).toBe(1);
  expect(bad.stdout + bad.stderr).not.toContain(SECRETS.GITHUB_SECRET);
});

test("verify knows parties that stand at a route of a service alone", async () => {
  const signed = await byward(["sign", "github", "--secret", "GITHUB_SECRET", "--body", "payload"], { env: SECRETS });
  const header = ["-H", signed.stdout.trim().split("\n").at(-1)!];
  const good = await byward(["verify", REGISTRY, "Shop", "--body", "payload", ...header], { env: SECRETS });
  expect(good.stdout).toContain("Shop: accepted");
});

test("verify explains a token without printing it or the secret", async () => {
  const token = (
    await byward(["token", "alice", "--secret", "CLI_SECRET", "--expires", "1h"], { env: SECRETS })
  ).stdout.trim();
  const good = await byward(["verify", REGISTRY, "User", "--token", token], { env: SECRETS });
  expect(good.stdout).toContain("User: accepted");
  const other = token.replace(/\.(.)([^.]*)$/, (_, first, rest) => `.${first === "A" ? "B" : "A"}${rest}`);
  const bad = await byward(["verify", REGISTRY, "User", "--json", "--token", other], { env: SECRETS });
  expect(JSON.parse(bad.stdout)).toMatchObject({ verdict: "unauthenticated", reason: "jwt.signature" });
  expect(bad.stdout + bad.stderr).not.toContain(token.split(".")[2]);
  expect(bad.stdout + bad.stderr).not.toContain(SECRETS.CLI_SECRET);
});

test("an unknown format, party or secret is said in words", async () => {
  expect((await byward(["sign", "gitlab", "--body", "x"])).stderr).toContain('no format "gitlab"');
  expect((await byward(["verify", REGISTRY, "Nobody", "--token", "x"], { env: SECRETS })).stderr).toContain(
    "Name one of: User, Hub",
  );
  const secret = await byward(["sign", "github", "--secret", "hunter2-is-my-secret", "--body", "x"]);
  expect(secret.stderr).not.toContain("hunter2");
  expect(secret.code).toBe(2);
});

test("data lists, shows, verifies, backs up, exports and imports", async () => {
  const source = join(folder, "data");
  cpSync(DATA, source, { recursive: true });
  const dir = ["--data-dir", source];
  const listed = await byward(["data", "list", "--json", ...dir]);
  expect(listed.code).toBe(0);
  const actors = listed.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(actors.length).toBeGreaterThan(0);
  const { name, key } = actors[0].actor;
  expect(JSON.parse((await byward(["data", "show", name, key, ...dir])).stdout)).toMatchObject({
    actor: { name, key },
  });
  expect((await byward(["data", "verify", ...dir])).stdout).toContain("sound");
  expect((await byward(["data", "backup", join(folder, "copy"), ...dir])).code).toBe(0);
  const exported = await byward(["data", "export", "--data-dir", join(folder, "copy")]);
  writeFileSync(join(folder, "export.jsonl"), exported.stdout);
  const imported = await byward(["data", "import", join(folder, "export.jsonl"), "--data-dir", join(folder, "fresh")]);
  expect(imported.stdout).toContain(`${actors.length} actors imported`);
  const again = await byward(["data", "list", "--json", "--data-dir", join(folder, "fresh")]);
  expect(again.stdout.trim().split("\n")).toHaveLength(actors.length);
});

test("data of an older format can be backed up before the upgrade; the other tools say what to do", async () => {
  const source = join(folder, "older");
  cpSync(OLDER_DATA, source, { recursive: true });
  const before = readFileSync(join(source, "actors.sqlite"));
  const refused = await byward(["data", "list", "--data-dir", source]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/has format 1.*byward data backup.*start the server once/);
  const copy = join(folder, "older-copy");
  expect((await byward(["data", "backup", copy, "--data-dir", source])).code).toBe(0);
  expect(readFileSync(join(source, "actors.sqlite")).equals(before)).toBe(true);
  const restored = await SqliteStore.open({ directory: copy });
  onTestFinished(() => restored.close());
  expect((await restored.load({ name: "cart", key: "full" }))?.queues).toEqual({ jobs: { ready: 1, dead: 1 } });
});

test("data verify names the damaged actor and exits 1", async () => {
  const source = join(folder, "damaged");
  cpSync(DATA, source, { recursive: true });
  const listed = await byward(["data", "list", "--json", "--data-dir", source]);
  const { actor } = JSON.parse(listed.stdout.trim().split("\n")[0]!);
  const shown = JSON.parse((await byward(["data", "show", actor.name, actor.key, "--data-dir", source])).stdout);
  const file = join(source, "actors.sqlite");
  const bytes = readFileSync(file);
  const at = bytes.indexOf(Buffer.from(String(shown.state)));
  expect(at).toBeGreaterThan(0);
  bytes[at + 3]! ^= 1;
  writeFileSync(file, bytes);
  const report = await byward(["data", "verify", "--data-dir", source]);
  expect(report.code).toBe(1);
  expect(report.stdout).toContain(`${actor.name}/${actor.key}`);
});
