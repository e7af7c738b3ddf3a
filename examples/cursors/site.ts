/**
 * The page and its door, as a service beside the actors: one origin, so nothing has to be allowed across origins. The door
 * gives anybody a token for a name; yours would ask for a password.
 */
import { readFile } from "node:fs/promises";
import { service, Visitor } from "byward";
import { build } from "esbuild";
import { SignJWT } from "jose";
import { z } from "zod";

const POLICY = "default-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'";
const TOKEN_LIFETIME = "15m";

const Name = z.object({ name: z.string().regex(/^[\p{L}\p{N} -]{1,40}$/u) });

/** Bundled once, when it is first asked for. */
let script: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [new URL("web/page.tsx", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    write: false,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputFiles[0]!.text;
}

const file = (name: string): Promise<string> => readFile(new URL(`web/${name}`, import.meta.url), "utf8");
const answer = (type: string, text: string): Response =>
  new Response(text, {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "content-security-policy": POLICY,
      "cache-control": "no-cache",
    },
  });

export const site = service({
  by: Visitor,
  routes: {
    "GET /": { handle: async () => answer("text/html", await file("index.html")) },
    "GET /style.css": { handle: async () => answer("text/css", await file("style.css")) },
    "GET /page.js": {
      handle: async () => {
        script ??= bundle();
        return answer("text/javascript", await script);
      },
    },
    "POST /session": {
      body: Name,
      handle: async (c) => {
        const key = new TextEncoder().encode(c.host.env("AUTH_JWT_SECRET"));
        const token = await new SignJWT({})
          .setProtectedHeader({ alg: "HS256" })
          .setSubject(c.body.name)
          .setAudience("cursors")
          .setIssuedAt()
          .setExpirationTime(TOKEN_LIFETIME)
          .sign(key);
        return { token };
      },
    },
  },
});
