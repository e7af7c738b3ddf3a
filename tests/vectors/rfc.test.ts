/**
 * The examples of RFC 7515 appendix A and RFC 8037 appendix A, through the reader of tokens and the checks of its
 * parties.
 */
import { expect, test } from "vitest";
import { parseJws } from "../../src/boundary/jwt.ts";
import { readKeySet, selectKeys, verifyWithKey } from "../../src/boundary/jwt-keys.ts";
import { bearer } from "../../src/boundary/schemes/bearer.ts";
import { createHs256Check } from "../../src/boundary/schemes/hs256.ts";
import { nodeEnvironment, presentation, webEnvironment } from "./environment.ts";
import { SECRET } from "./tokens.ts";

const PAYLOAD = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/** RFC 7515 A.1 */
const A1 = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`;
const A1_KEY = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

/** RFC 7515 A.2 */
const A2 =
  `eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}.` +
  "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4" +
  "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv" +
  "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A2_KEY = {
  kty: "RSA",
  n:
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW" +
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k" +
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
  e: "AQAB",
};

/** RFC 7515 A.3 */
const A3 = `eyJhbGciOiJFUzI1NiJ9.${PAYLOAD}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`;
const A3_KEY = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};

/** RFC 8037 A.4, key of A.2 */
const ED =
  "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." +
  "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
const ED_KEY = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };

async function verifies(token: string, jwk: object): Promise<boolean> {
  const jws = parseJws(token, { algorithms: ["RS256", "PS256", "ES256", "EdDSA"], type: null });
  const set = readKeySet(Buffer.from(JSON.stringify({ keys: [jwk] })));
  if (typeof jws === "string" || set === null) return false;
  const [key] = selectKeys(set, jws.algorithm, jws.kid);
  return (
    key !== undefined && verifyWithKey(key, jws.algorithm, jws.signature, new TextEncoder().encode(jws.signedText))
  );
}

const spoilt = (token: string): string[] => {
  const [header, payload, signature] = token.split(".") as [string, string, string];
  const change = (part: string): string => (part.startsWith("A") ? "B" : "A") + part.slice(1);
  return [`${header}.${change(payload)}.${signature}`, `${header}.${payload}.${change(signature)}`];
};

test.each([
  ["RFC 7515 A.2, RS256", A2, A2_KEY],
  ["RFC 7515 A.3, ES256", A3, A3_KEY],
  ["RFC 8037 A.4, Ed25519", ED, ED_KEY],
])("%s verifies under its key and under no other", async (_name, token, key) => {
  expect(await verifies(token, key)).toBe(true);
  for (const bad of spoilt(token)) expect(await verifies(bad, key)).toBe(false);
  for (const other of [A2_KEY, A3_KEY, ED_KEY]) if (other !== key) expect(await verifies(token, other)).toBe(false);
});

test("RFC 7515 A.1, HS256 verifies on Node and with WebCrypto alone", async () => {
  const key = Uint8Array.from(Buffer.from(A1_KEY, "base64url"));
  for (const environment of [nodeEnvironment(), webEnvironment()]) {
    const check = await createHs256Check([key], environment);
    const verdict = async (token: string): Promise<string | null> => {
      const jws = parseJws(token, { algorithms: ["HS256"], type: null });
      return typeof jws === "string" ? jws : check.check(jws, token, 0);
    };
    expect(await verdict(A1)).toBeNull();
    for (const bad of spoilt(A1)) expect(await verdict(bad)).toBe("jwt.signature");
  }
});

test("RFC 7515 A.4 (ES512), A.5 (none) and A.6 (JSON serialization) are refused by a bearer party", async () => {
  const verifier = await bearer({ secret: "KEY" }).prepare("User", nodeEnvironment({ secrets: { KEY: SECRET } }));
  const reason = async (token: string): Promise<unknown> =>
    await verifier.prove(presentation({ headers: { authorization: `Bearer ${token}` } }), 1_300_819_000_000);
  expect(await reason(`eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.${"A".repeat(176)}`)).toMatchObject({ reason: "jwt.algorithm" });
  expect(await reason(`eyJhbGciOiJub25lIn0.${PAYLOAD}.`)).toMatchObject({ reason: "jwt.parts" });
  expect(await reason(`eyJhbGciOiJub25lIn0.${PAYLOAD}.AA`)).toMatchObject({ reason: "jwt.algorithm" });
  expect(await reason(`{"payload":"${PAYLOAD}","signatures":[]}`)).toMatchObject({ status: "failed" });
});
