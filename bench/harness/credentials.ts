/** Owns the secret and the token all sides of the benches share. */
import { SignJWT } from "jose";

export const SECRET = "a-bench-secret-of-at-least-32-bytes!";

export function mintToken(subject = "alice"): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime("2h")
    .sign(new TextEncoder().encode(SECRET));
}
