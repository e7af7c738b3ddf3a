/** Owns credentials as they are presented: tokens, headers and signatures made from the data of the model's vocabulary. */
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import type { Bearer, Presented, Token } from "./definition.ts";

export const SECRETS = {
  USER_SECRET: "the-secret-of-users-has-over-32-bytes",
  PARTNER_SECRET: "the-secret-of-partners-has-over-32-bytes",
  HOOK_SECRET: "the-secret-of-hooks-has-over-32-bytes",
};
const OTHER = "a-secret-that-nobody-knows-has-32-bytes";
export const ISSUER = "https://id.test";
const PAIR = generateKeyPairSync("ed25519");
export const JWKS = { keys: [{ ...PAIR.publicKey.export({ format: "jwk" }), kid: "k1", alg: "EdDSA", use: "sig" }] };

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export function mint({ signer, sub, iat, exp, nbf, jti, claims }: Token): string {
  const times = Object.fromEntries(Object.entries({ iat, exp, nbf, jti }).filter(([, value]) => value !== null));
  const audience = signer === "sso" ? { iss: ISSUER, aud: "thing" } : signer === "partner" ? { aud: "partner" } : {};
  const header = signer === "sso" ? { alg: "EdDSA", kid: "k1" } : { alg: "HS256", typ: "JWT" };
  const text = `${part(header)}.${part({ ...claims, sub, ...times, ...audience })}`;
  const keys = { user: SECRETS.USER_SECRET, partner: SECRETS.PARTNER_SECRET, nobody: OTHER, sso: "" };
  const signature =
    signer === "sso"
      ? sign(null, Buffer.from(text), PAIR.privateKey)
      : createHmac("sha256", keys[signer]).update(text).digest();
  return `${text}.${signature.toString("base64url")}`;
}

function authorization(bearer: Bearer): string {
  switch (bearer.form) {
    case "token":
      return `Bearer ${mint(bearer.token)}`;
    case "twice":
      return `Bearer ${mint(bearer.token!)}, Bearer ${mint(bearer.token!)}`;
    case "empty":
      return "Bearer";
    case "garbage":
      return "Bearer x.y";
    case "basic":
      return "Basic YWRhOnB3";
  }
}

export function headersOf({ bearer, signed }: Presented, bytes: string): Map<string, string> {
  const headers = new Map<string, string>();
  if (bearer !== null) headers.set("authorization", authorization(bearer));
  if (signed !== null) {
    const key = signed.key === "hook" ? SECRETS.HOOK_SECRET : OTHER;
    const over = signed.tampered ? `${bytes} ` : bytes;
    headers.set(
      "x-signature",
      createHmac("sha256", key)
        .update(`${signed.time ?? 0}.${over}`)
        .digest("hex"),
    );
    if (signed.time !== null) headers.set("x-timestamp", `${signed.time}`);
  }
  return headers;
}
