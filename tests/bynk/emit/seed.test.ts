/** The example of the language's own page on actors, as printed there, behind real requests. */
import { expect, test } from "vitest";
import { load } from "./support/compiled.ts";
import { bearerToken } from "./support/credentials.ts";

const SECRET = "a secret of thirty-two bytes or more";
const env = { AUTH_JWT_SECRET: SECRET };

const shop = `context shop.api

type UserId = String where MinLength(1) and MaxLength(64)
type Profile = { id: UserId, greeting: String }

actor User { auth = Bearer(secret = "AUTH_JWT_SECRET"), identity = UserId }
service api from http {
on GET("/me") by u: User () -> Effect[HttpResult[Profile]] {
-- runs only for a verified User; u.identity : UserId
Ok(Profile { id: u.identity, greeting: "hello \\(u.identity)" })
}
}
`;

const get = async (token?: string): Promise<Response> => {
  const module = await load({ "src/shop/api.bynk": shop }, "shop/api.ts");
  const request = new Request("https://shop.example/me");
  if (token !== undefined) request.headers.set("authorization", `Bearer ${token}`);
  return module.default.fetch(request, env);
};

test("a caller without a token is told 401", async () => {
  const response = await get();
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toContain("Bearer");
});

test("a caller with a good token gets the profile", async () => {
  const response = await get(await bearerToken(SECRET, { sub: "ada" }));
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ id: "ada", greeting: "hello ada" });
});

test("a tampered token is 401", async () => {
  const token = await bearerToken(SECRET, { sub: "ada" });
  const [header, , signature] = token.split(".");
  const forged = btoa(JSON.stringify({ sub: "eve", exp: Date.now() / 1000 + 60 })).replaceAll("=", "");
  expect((await get(`${header}.${forged}.${signature}`)).status).toBe(401);
});

test("an expired token is 401, and its body says so", async () => {
  const response = await get(await bearerToken(SECRET, { sub: "ada", exp: Math.floor(Date.now() / 1000) - 120 }));
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: "expired" });
});

test("a subject that is no UserId is 401", async () => {
  expect((await get(await bearerToken(SECRET, { sub: "x".repeat(65) }))).status).toBe(401);
});
