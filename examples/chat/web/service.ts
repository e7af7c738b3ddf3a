/** The chat's web side: the page, its script, and sign-in. Everybody may come, so that is what it says. */
import { service, UserError, Visitor } from "byward";
import { SignJWT } from "jose";
import { z } from "zod";
import { bundle, read } from "./files.ts";

const POLICY = "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

export const web = service({
  by: Visitor,
  routes: {
    "GET /": {
      handle: async () => asset("text/html", await read("index.html"), { "content-security-policy": POLICY }),
    },
    "GET /style.css": { handle: async () => asset("text/css", await read("style.css")) },
    "GET /page.js": { handle: async () => asset("text/javascript", await pageScript()) },
    "POST /session": {
      body: z.object({ name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), admin: z.boolean().default(false) }),
      // Signs anybody in under any name: your application would ask for a password here.
      handle: async (c) => {
        const secret = c.host.env("AUTH_JWT_SECRET");
        if (secret === undefined) throw new UserError("Nobody can sign in here.", { code: "no_secret" });
        return { token: await signToken(secret, c.body) };
      },
    },
  },
});

/** A token as the chat's User and Admin parties expect it. */
export function signToken(
  secret: string,
  claims: { readonly name: string; readonly admin?: boolean; readonly lifetime?: string },
): Promise<string> {
  const { name, admin = false, lifetime = "15m" } = claims;
  return new SignJWT(admin ? { admin } : {})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(name)
    .setAudience("chat")
    .setIssuedAt()
    .setExpirationTime(lifetime)
    .sign(new TextEncoder().encode(secret));
}

let script: Promise<string> | undefined;

/** The page's script with the client in it; made at the first visit. */
function pageScript(): Promise<string> {
  script ??= bundle("page.ts");
  return script;
}

function asset(type: string, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(text, {
    headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache", ...headers },
  });
}
