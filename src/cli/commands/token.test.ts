import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, expect, test } from "vitest";
import { byward } from "../../../tests/cli/process.ts";

const secret = "k".repeat(48);
const folder = mkdtempSync(join(tmpdir(), "byward-token-"));
afterAll(() => rmSync(folder, { recursive: true }));
const token = (...args: string[]) => byward(["token", ...args], { env: { AUTH_JWT_SECRET: secret } });

test("the token alone is printed, signed with the named secret", async () => {
  const { stdout, stderr, code } = await token("alice");
  expect(code).toBe(0);
  expect(stderr).toBe("");
  const { payload } = await jwtVerify(stdout.trim(), new TextEncoder().encode(secret), { algorithms: ["HS256"] });
  expect(payload).toMatchObject({ sub: "alice" });
  expect(payload.exp! - payload.iat!).toBe(3600);
});

test("claims are JSON or text, and true without a value", async () => {
  const { stdout } = await token(
    ...["alice", "--claim", "admin", "--claim", "level=3", "--claim", "team=a b", "--claim", 'roles=["x"]'],
    ...["--expires", "15m", "--issuer", "me", "--audience", "chat", "--id", "t1", "--type", "at+jwt"],
  );
  expect(decodeJwt(stdout.trim())).toMatchObject({
    admin: true,
    level: 3,
    team: "a b",
    roles: ["x"],
    iss: "me",
    aud: "chat",
    jti: "t1",
  });
  expect(decodeProtectedHeader(stdout.trim())).toEqual({ alg: "HS256", typ: "at+jwt" });
});

test("--json tells what the token says", async () => {
  const { stdout } = await token("alice", "--claim", "admin", "--json");
  const answer = JSON.parse(stdout) as { token: string };
  expect(answer).toMatchObject({ subject: "alice", claims: { admin: true }, expiresAt: expect.any(String) });
  expect(decodeJwt(answer.token).sub).toBe("alice");
});

test("a secret given in place of its name is refused and not repeated", async () => {
  const { code, stdout, stderr } = await token("alice", "--secret", "my-very-secret-key");
  expect(code).toBe(2);
  expect(stderr).toContain("secret.name");
  expect(stdout + stderr).not.toContain("my-very-secret-key");
});

test("a secret that is not there is named", async () => {
  const { code, stderr } = await token("alice", "--secret", "NO_SUCH_SECRET");
  expect(code).toBe(1);
  expect(stderr).toContain("There is no secret NO_SUCH_SECRET.");
});

test("a length of time that is none is refused", async () => {
  const { code, stderr } = await token("alice", "--expires", "soon");
  expect(code).toBe(2);
  expect(stderr).toContain("such as 8h");
});

test("--key signs as an OpenID provider would, and --jwks publishes the key that verifies it", async () => {
  const key = join(folder, "oidc-key.json");
  const flags = ["--key", key, "--issuer", "https://id.example", "--audience", "chat"];
  const made = await token("alice", ...flags);
  expect(made.code).toBe(0);
  const { keys } = JSON.parse((await token("alice", "--key", key, "--jwks")).stdout);
  expect(keys[0]).not.toHaveProperty("d");
  const { payload } = await jwtVerify(made.stdout.trim(), createLocalJWKSet({ keys }), {
    issuer: "https://id.example",
    audience: "chat",
    algorithms: ["ES256"],
  });
  expect(payload.sub).toBe("alice");
  expect(statSync(key).mode & 0o777).toBe(0o600);
});

test("--json tells what the token says also where a claim takes the place of another", async () => {
  const { stdout } = await token("alice", "--claim", "sub=bob", "--claim", "exp=5", "--json");
  const told = JSON.parse(stdout) as { token: string; subject: string; expiresAt: string };
  expect(told).toMatchObject({ subject: "bob", expiresAt: "1970-01-01T00:00:05.000Z" });
  expect(decodeJwt(told.token)).toMatchObject({ sub: "bob", exp: 5 });
});

test("a key file that is none is refused without a word of what is in it", async () => {
  for (const text of ["d-of-a-private-key", '{"privateJwk":{"d":"d-of-a-private-key"}}']) {
    const file = join(folder, "broken.json");
    writeFileSync(file, text);
    const { stdout, stderr, code } = await token("alice", "--key", file, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "token.key", where: file } });
    expect(stdout + stderr).not.toContain("d-of-a-private-key");
    expect(code).toBe(2);
  }
});

test("times that no calendar has, and a key set without its key, are refused in words", async () => {
  const long = await token("alice", "--expires", "99999999999999999999d", "--json");
  expect(long).toMatchObject({ code: 2, stderr: expect.stringContaining("at most 36500d") });
  const keyless = await token("alice", "--jwks");
  expect(keyless).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("[token.jwks]") });
});
