import { expect, test } from "vitest";
import { mintBearer } from "./mint.ts";
import { signDelivery } from "./sign.ts";
import { WEBHOOK_FORMATS } from "./webhooks/webhook.ts";

test("published examples are signed to the byte", async () => {
  const github = await signDelivery(WEBHOOK_FORMATS.github, {
    secret: "It's a Secret to Everybody",
    body: "Hello, World!",
    now: 0,
    id: "d1",
  });
  expect(github).toEqual({
    "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    "x-github-delivery": "d1",
  });
  const standard = await signDelivery(WEBHOOK_FORMATS.standard, {
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    body: '{"test": 2432232314}',
    now: 1_614_265_330_999,
    id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  });
  expect(standard).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("header forms are the senders'", async () => {
  const header = async (name: "stripe" | "slack" | "paddle"): Promise<string | undefined> =>
    (await signDelivery(WEBHOOK_FORMATS[name], { secret: "s", body: "{}", now: 5_000 }))[WEBHOOK_FORMATS[name].header];
  expect(await header("stripe")).toMatch(/^t=5,v1=[0-9a-f]{64}$/);
  expect(await header("slack")).toMatch(/^v0=[0-9a-f]{64}$/);
  expect(await header("paddle")).toMatch(/^ts=5;h1=[0-9a-f]{64}$/);
});

test("what cannot be signed is said, without the secret", async () => {
  const delivery = { secret: "whsec_AAAA", body: "{}", now: 0 };
  await expect(signDelivery(WEBHOOK_FORMATS.standard, delivery)).rejects.toThrow(/\{id\}.*sign\.incomplete/);
  await expect(signDelivery(WEBHOOK_FORMATS.standard, { ...delivery, id: "a.b" })).rejects.toThrow("sign.incomplete");
  await expect(signDelivery(WEBHOOK_FORMATS.twilio, { ...delivery, body: "" })).rejects.toThrow("sign.incomplete");
  const json = { ...delivery, url: "https://x.example/", headers: { "content-type": "application/json" } };
  await expect(signDelivery(WEBHOOK_FORMATS.twilio, json)).rejects.toThrow(/bodySHA256.*sign\.incomplete/);
  const wrong = signDelivery(WEBHOOK_FORMATS.standard, { ...delivery, id: "a", secret: "whpk_AAAA" });
  await expect(wrong).rejects.toThrow("sign.secret");
  await expect(wrong).rejects.not.toThrow("whpk_AAAA");
  await expect(signDelivery(WEBHOOK_FORMATS.discord, { ...delivery, secret: "00" })).rejects.toThrow("sign.secret");
});

test("a token is not minted under an empty secret", () => {
  expect(() => mintBearer({ secret: "", subject: "a", now: 0 })).toThrow("mint.secret");
});
