import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { nodeEnvironment, presentation } from "../../../tests/vectors/environment.ts";
import { checkFormat, type WebhookFormat } from "./format.ts";
import { WEBHOOK_FORMATS, webhook } from "./webhook.ts";

const BASE: WebhookFormat = {
  name: "acme",
  header: "X-Acme-Signature",
  grammar: { form: "single" },
  variants: [{ label: "v1", algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8" } }],
  signed: "{header:x-acme-account}|{timestamp}|{body}",
  time: { from: "header", header: "X-Acme-Time" },
  id: { from: "body", path: ["event", "id"] },
};

test("a sender nobody knows is described without code", async () => {
  const secret = "a secret of sixteen bytes or more";
  const verifier = await webhook
    .custom(BASE, { secret: "SECRET" })
    .prepare("Acme", nodeEnvironment({ secrets: { SECRET: secret } }));
  const body = '{"event":{"id":"e1"}}';
  const sign = (text: string): string => `v1=${createHmac("sha256", secret).update(text).digest("hex")}`;
  const send = async (headers: Record<string, string>) => await verifier.prove(presentation({ body, headers }), 5_000);
  const headers = { "X-Acme-Account": "a1", "X-Acme-Time": "5", "X-Acme-Signature": sign(`a1|5|${body}`) };
  expect(await send(headers)).toMatchObject({ status: "proved", evidence: { replay: { id: "Acme:id:e1" } } });
  expect(await send({ ...headers, "X-Acme-Account": "a2" })).toMatchObject({ reason: "signature.mismatch" });
  const { "X-Acme-Account": _account, ...without } = headers;
  expect(await send(without)).toMatchObject({ reason: "signature.delimiter" });
  const shifted = { ...headers, "X-Acme-Account": "a1|5", "X-Acme-Signature": sign(`a1|5|5|${body}`) };
  expect(await send(shifted)).toMatchObject({ reason: "signature.delimiter" });
});

const bad: Readonly<Record<string, Partial<WebhookFormat>>> = {
  "name is a short word": { name: "" },
  "a header is named by a token": { header: "X Sig" },
  "grammar.form is": { grammar: { form: "xml" } as never },
  "separator is": { grammar: { form: "pairs", separator: "&" } as never },
  "it has no variants": { variants: [] },
  "a label is needed": { grammar: { form: "list" }, variants: [{ ...BASE.variants[0]!, label: "" }] },
  "algorithm is one of": { variants: [{ ...BASE.variants[0]!, algorithm: "hmac-md5" as never }] },
  "digest is hex or base64": { variants: [{ ...BASE.variants[0]!, digest: "utf8" as never }] },
  "key.encoding is": { variants: [{ ...BASE.variants[0]!, key: { encoding: "rot13" as never } }] },
  "an ed25519 key is": { variants: [{ ...BASE.variants[0]!, algorithm: "ed25519" }] },
  "signed is a string": { signed: "" },
  "signed does not cover the body": { signed: "{timestamp}" },
  "is not a place": { signed: "{timestmp}.{body}" },
  "stray brace": { signed: "{timestamp}}.{body}" },
  "names no header": { signed: "{header:}.{timestamp}.{body}" },
  "need a delimiter": { signed: "{header:x-a}{timestamp}.{body}" },
  "{body} comes last": { signed: "{body}.{timestamp}" },
  "{body} stands more than once": { signed: "{body}.{timestamp}.{body}" },
  "{timestamp} has no source": { time: undefined as never },
  "{id} has no source": { signed: "{id}.{timestamp}.{body}" },
  "the time is not inside the signed string": { signed: "{body}" },
  "tolerance needs a time": { signed: "{body}", time: undefined as never, tolerance: 5 },
  "{form} needs bodyDigest": { signed: "{url}{form}", time: undefined as never },
  "only pairs carry": { time: { from: "signature", key: "t" }, signed: "{timestamp}.{body}" },
  "its key is taken": { grammar: { form: "pairs", separator: "," }, time: { from: "signature", key: "v1" } },
  "path is names": { id: { from: "body", path: [] } },
  "a source is from": { id: { from: "cookie" } as never },
};

test.each(Object.keys(bad))("a description is refused at declaration: %s", (problem) => {
  const format = { ...BASE, ...bad[problem] };
  expect(() => checkFormat(format)).toThrow(problem);
  expect(() => webhook.custom(format, { secret: "SECRET" })).toThrow("webhook.format");
});

test("a time outside the signed string is refused: it could be changed on the way", () => {
  expect(() => checkFormat({ ...BASE, signed: "{body}" })).toThrow("not inside the signed string");
});

test("every known format is sound, and whether its id is signed follows from its signed string", () => {
  const signed = Object.entries(WEBHOOK_FORMATS).map(([name, format]) => [name, checkFormat(format).idIsSigned]);
  expect(Object.fromEntries(signed)).toEqual({
    plain: false,
    github: false,
    stripe: true,
    slack: true,
    shopify: false,
    standard: true,
    svix: true,
    twilio: false,
    paddle: true,
    linear: false,
    discord: true,
  });
});

test("SHA-1 is known to Twilio alone", () => {
  const weak = Object.values(WEBHOOK_FORMATS).filter(({ variants }) =>
    variants.some(({ algorithm }) => algorithm === "hmac-sha1"),
  );
  expect(weak.map(({ name }) => name)).toEqual(["twilio"]);
});
