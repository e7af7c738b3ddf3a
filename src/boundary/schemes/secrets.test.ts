import { generateKeyPairSync, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { nodeEnvironment } from "../../../tests/vectors/environment.ts";
import { SECRET } from "../../../tests/vectors/tokens.ts";
import { bearer } from "./bearer.ts";
import { isKeyDocument } from "./secrets.ts";

const start = (
  secrets: Record<string, string>,
  secret: Parameters<typeof bearer>[0]["secret"] = "AUTH_JWT_SECRET",
  warnings: string[] = [],
) => (async () => await bearer({ secret }).prepare("User", nodeEnvironment({ secrets, warnings })))();

test("a secret is named, and what is not a name is never shown", () => {
  for (const secret of ["s3cret-value", "lower_case", "", "1ABC", "A B", SECRET, "ABC\n", 7, null, undefined]) {
    const declare = () => bearer({ secret: secret as string });
    expect(declare).toThrow(/secret\.(name|none)/);
    if (typeof secret === "string" && secret.length > 4) expect(declare).not.toThrow(secret);
  }
  expect(() => bearer({ secret: ["GOOD", "not a name"] })).toThrow("secret.name");
  expect(() => bearer({ secret: [] })).toThrow("secret.none");
  expect(() => bearer({ secret: Array.from({ length: 9 }, (_, index) => `KEY_${index}`) })).toThrow("secret.none");
});

test("a missing or empty secret stops the start, naming the variable and the party", async () => {
  await expect(start({})).rejects.toThrow(/"User".*AUTH_JWT_SECRET.*not set.*secret\.missing/);
  await expect(start({ AUTH_JWT_SECRET: "" })).rejects.toThrow(/AUTH_JWT_SECRET.*empty.*secret\.missing/);
  await expect(start({ AUTH_JWT_SECRET: " \n" })).rejects.toThrow("secret.missing");
  await expect(start({ AUTH_JWT_SECRET: SECRET }, ["AUTH_JWT_SECRET", "OLD"])).rejects.toThrow(/OLD.*secret\.missing/);
});

test("a bearer secret under 32 bytes is refused without showing it", async () => {
  const short = "x".repeat(31);
  await expect(start({ AUTH_JWT_SECRET: short })).rejects.toThrow(/AUTH_JWT_SECRET.*secret\.too_short/);
  await expect(start({ AUTH_JWT_SECRET: short })).rejects.not.toThrow(short);
  await expect(start({ AUTH_JWT_SECRET: "é".repeat(16) })).resolves.toBeDefined();
});

test("white space around a secret is pointed out", async () => {
  const warnings: string[] = [];
  await start({ AUTH_JWT_SECRET: `${SECRET}\n` }, "AUTH_JWT_SECRET", warnings);
  expect(warnings).toEqual([expect.stringContaining("AUTH_JWT_SECRET")]);
  expect(warnings.join()).not.toContain(SECRET);
});

test("a function may fetch the secret; its failure says nothing of what it fetched", async () => {
  await expect(start({}, async () => SECRET)).resolves.toBeDefined();
  await expect(start({}, async () => "")).rejects.toThrow("secret.missing");
  await expect(start({}, async () => undefined as never)).rejects.toThrow("secret.missing");
  const failing = start({}, () => Promise.reject(new TypeError(`bad ${SECRET}`)));
  await expect(failing).rejects.toThrow(/TypeError.*secret\.unavailable/);
  await expect(failing).rejects.not.toThrow(SECRET);
});

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");

test("a symmetric party refuses key documents, however they are dressed", async () => {
  for (const { publicKey, privateKey } of [rsa, ec, ed]) {
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const der = publicKey.export({ type: "spki", format: "der" });
    const jwk = JSON.stringify(publicKey.export({ format: "jwk" }));
    const documents = [pem, ` \n${pem}`, `x${pem}`, `# my key\n${pem}`, pem.replaceAll("\n", "\\n")];
    documents.push(privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    documents.push(
      der.toString("base64"),
      der.toString("base64url"),
      der.toString("base64").replace(/(.{64})/g, "$1\n"),
    );
    documents.push(
      Buffer.from(pem).toString("base64"),
      jwk,
      ` ${jwk}`,
      `{"keys":[${jwk}]}`,
      Buffer.from(jwk).toString("base64url"),
    );
    for (const document of documents) {
      expect([document, isKeyDocument(document)]).toEqual([document, true]);
      await expect(start({ AUTH_JWT_SECRET: document })).rejects.toThrow("secret.key_document");
    }
  }
  expect(isKeyDocument(rsa.publicKey.export({ type: "pkcs1", format: "der" }).toString("base64"))).toBe(true);
  const ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1 me@host";
  expect(isKeyDocument(ssh)).toBe(true);
  expect(isKeyDocument('{"kty":"oct","k":"c2VjcmV0"}')).toBe(true);
});

test("random secrets are not taken for key documents", () => {
  for (let index = 0; index < 2_000; index++) {
    const bytes = randomBytes(48);
    for (const encoding of ["base64", "base64url", "hex"] as const) {
      expect(isKeyDocument(bytes.toString(encoding))).toBe(false);
    }
  }
});

test("a misspelt or badly typed option stops the declaration", () => {
  const declare = (options: object) => () => bearer({ secret: "KEY", ...options });
  expect(declare({ audiance: "x" })).toThrow(/audiance.*bearer\.option/);
  expect(declare({ algorithms: ["none"] })).toThrow("bearer.option");
  expect(declare({ audience: "" })).toThrow("bearer.audience");
  expect(declare({ audience: [] })).toThrow("bearer.audience");
  expect(declare({ issuer: [1] })).toThrow("bearer.issuer");
  expect(declare({ type: ["a", "b"] })).toThrow("bearer.type");
  for (const maxLifetime of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, "60"]) {
    expect(declare({ maxLifetime })).toThrow("bearer.maxLifetime");
  }
  expect(() => bearer(undefined as never)).toThrow("bearer.option");
});
