/** Credentials made with the platform's own crypto, independent of the code under test. */

const UTF8 = new TextEncoder();

async function hmac(secret: string, text: string): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", UTF8.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, UTF8.encode(text)));
}

const base64Url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const part = (value: object): string => base64Url(UTF8.encode(JSON.stringify(value)));

/** An HS256 token; lives ten minutes unless `claims` say otherwise. */
export async function bearerToken(secret: string, claims: Readonly<Record<string, unknown>>): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ iat: now - 200, exp: now + 600, ...claims })}`;
  return `${signed}.${base64Url(await hmac(secret, signed))}`;
}

/** A hexadecimal HMAC-SHA256. */
export async function signatureOf(secret: string, text: string): Promise<string> {
  return Buffer.from(await hmac(secret, text)).toString("hex");
}
