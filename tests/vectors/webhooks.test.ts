/** Published examples of webhook senders, each verified as a party would. Sources stand beside the values. */
import { createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import type { SignatureScheme } from "../../src/boundary/schemes/signature.ts";
import { webhook } from "../../src/boundary/webhooks/webhook.ts";
import { nodeEnvironment, type PresentationParts, presentation, webEnvironment } from "./environment.ts";

const verdict = async (
  scheme: SignatureScheme,
  secret: string,
  parts: PresentationParts,
  now = 0,
): Promise<string[]> => {
  const verdicts = [nodeEnvironment, webEnvironment].map(async (environment) => {
    const verifier = await scheme.prepare("Sender", environment({ secrets: { SECRET: secret } }));
    const result = await verifier.prove(presentation(parts), now);
    return result.status === "failed" ? result.reason : result.status;
  });
  return Promise.all(verdicts);
};
const PROVED = ["proved", "proved"];
const MISMATCH = ["signature.mismatch", "signature.mismatch"];

test("GitHub: the example of its documentation", async () => {
  // https://docs.github.com/webhooks/securing
  const secret = "It's a Secret to Everybody";
  const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const parts = { headers: { "X-Hub-Signature-256": signature }, body: "Hello, World!" };
  const scheme = webhook.github({ secret: "SECRET" });
  expect(await verdict(scheme, secret, parts)).toEqual(PROVED);
  expect(await verdict(scheme, secret, { ...parts, body: "Hello, World?" })).toEqual(MISMATCH);
  expect(await verdict(scheme, `${secret}.`, parts)).toEqual(MISMATCH);
});

test("Slack: the example of its documentation", async () => {
  // https://docs.slack.dev/authentication/verifying-requests-from-slack
  const body =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
    "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com" +
    "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
  const headers = {
    "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    "X-Slack-Request-Timestamp": "1531420618",
  };
  const scheme = webhook.slack({ secret: "SECRET" });
  const secret = "8f742231b10e8888abcd99yyyzzz85a5";
  const now = 1_531_420_618_000;
  expect(await verdict(scheme, secret, { headers, body }, now)).toEqual(PROVED);
  expect(await verdict(scheme, secret, { headers, body: body.replace("foobar", "foobaz") }, now)).toEqual(MISMATCH);
  const outside = ["signature.outside_tolerance", "signature.outside_tolerance"];
  expect(await verdict(scheme, secret, { headers, body }, now + 300_001)).toEqual(outside);
});

const STANDARD_HEADERS = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": "1614265330",
  "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const STANDARD_BODY = '{"test": 2432232314}';
const STANDARD_NOW = 1_614_265_330_000;

test("Standard Webhooks: the example of its libraries, with and without the prefix of the secret", async () => {
  // standard-webhooks/standard-webhooks, libraries/go and libraries/csharp
  const scheme = webhook.standard({ secret: "SECRET" });
  const parts = { headers: STANDARD_HEADERS, body: STANDARD_BODY };
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  expect(await verdict(scheme, secret, parts, STANDARD_NOW)).toEqual(PROVED);
  expect(await verdict(scheme, secret.slice(6), parts, STANDARD_NOW)).toEqual(PROVED);
  const beside = `v1a,${"A".repeat(86)}== ${STANDARD_HEADERS["webhook-signature"]} v2,whatever`;
  const several = { ...STANDARD_HEADERS, "webhook-signature": beside };
  expect(await verdict(scheme, secret, { headers: several, body: STANDARD_BODY }, STANDARD_NOW)).toEqual(PROVED);
});

test("Standard Webhooks v1a: an Ed25519 signature verifies under the public key only", async () => {
  const pair = generateKeyPairSync("ed25519");
  const raw = Buffer.from(pair.publicKey.export({ format: "jwk" }).x as string, "base64url").toString("base64");
  const signed = Buffer.from(`msg_1.1614265330.${STANDARD_BODY}`);
  const signature = sign(null, signed, createPrivateKey(pair.privateKey.export({ type: "pkcs8", format: "pem" })));
  const headers = {
    ...STANDARD_HEADERS,
    "webhook-id": "msg_1",
    "webhook-signature": `v1a,${signature.toString("base64")}`,
  };
  const scheme = webhook.standard({ secret: "SECRET" });
  const parts = { headers, body: STANDARD_BODY };
  expect(await verdict(scheme, `whpk_${raw}`, parts, STANDARD_NOW)).toEqual(PROVED);
  expect(await verdict(scheme, `whsec_${raw}`, parts, STANDARD_NOW)).toEqual(MISMATCH);
  expect(await verdict(scheme, `whpk_${raw}`, { headers, body: "{}" }, STANDARD_NOW)).toEqual(MISMATCH);
  await expect(verdict(scheme, `whsk_${raw}`, parts, STANDARD_NOW)).rejects.toThrow("secret.format");
});

test("Twilio: the example of its libraries", async () => {
  // twilio-node test data; also gist ryanwinchester/ab49855e
  const scheme = webhook.twilio({ secret: "SECRET" });
  const url = "https://mycompany.com/myapp.php?foo=1&bar=2";
  const form = (from: string): string =>
    `CallSid=CA1234567890ABCDE&Caller=${from}&Digits=1234&From=${from}&To=%2B18005551212`;
  const parts = (signature: string, body: string, address = url): PresentationParts => ({
    url: address,
    body,
    headers: { "X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
  });
  const first = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
  expect(await verdict(scheme, "12345", parts(first, form("%2B14158675309")))).toEqual(PROVED);
  const shuffled = form("%2B14158675309").split("&").reverse().join("&");
  expect(await verdict(scheme, "12345", parts(first, shuffled))).toEqual(PROVED);
  expect(await verdict(scheme, "12345", parts("0/KCTR6DLpKmkAf8muzZqo1nDgQ=", form("%2B12349013030")))).toEqual(PROVED);
  expect(await verdict(scheme, "12345", parts(first, form("%2B14158675308")))).toEqual(MISMATCH);
  expect(await verdict(scheme, "12345", parts(first, form("%2B14158675309"), `${url}3`))).toEqual(MISMATCH);
  const withPort = url.replace(".com/", ".com:443/");
  expect(await verdict(scheme, "12345", parts(first, form("%2B14158675309"), withPort))).toEqual(PROVED);
});
