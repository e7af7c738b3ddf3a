/**
 * The chat's own web server: the page, its script, and sign-in. It stands for the web application you have already; the
 * actors run beside it and believe nothing but the tokens it signs.
 */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import { SignJWT } from "jose";

const DEFAULT_PORT = 3000;
const PORTS_TRIED = 100;
const TOKEN_LIFETIME = "15m";
const NAME = /^[a-z][a-z0-9-]{0,31}$/;

export interface WebServer {
  readonly url: string;
  /** Origins under which a browser may have opened the page. */
  readonly origins: readonly string[];
  /** Where the page finds the actors; requests before that get 503. */
  setActorsUrl(url: string): void;
  close(): Promise<void>;
}

/** A token as the chat's User and Admin parties expect it. */
export function signToken(
  secret: string,
  claims: { readonly name: string; readonly admin?: boolean; readonly lifetime?: string },
): Promise<string> {
  const { name, admin = false, lifetime = TOKEN_LIFETIME } = claims;
  return new SignJWT(admin ? { admin } : {})
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(name)
    .setAudience("chat")
    .setIssuedAt()
    .setExpirationTime(lifetime)
    .sign(new TextEncoder().encode(secret));
}

/** Listens on loopback: on `port`, or on 3000 or the next free one. */
export async function serveWeb(options: { readonly secret: string; readonly port?: number }): Promise<WebServer> {
  const assets = await loadAssets();
  let actorsUrl: string | null = null;
  const server = createServer((request, response) => {
    answer(request, response, { assets, actorsUrl, secret: options.secret }).catch(() => {
      response.writeHead(500).end();
    });
  });
  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    origins: [`http://127.0.0.1:${port}`, `http://localhost:${port}`],
    setActorsUrl: (url) => {
      actorsUrl = url;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

interface Assets {
  readonly page: string;
  readonly files: ReadonlyMap<string, { readonly type: string; readonly text: string }>;
}

async function loadAssets(): Promise<Assets> {
  const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), "utf8");
  const entry = new URL("page.ts", import.meta.url).pathname;
  const bundle = await build({ entryPoints: [entry], bundle: true, format: "esm", target: "es2022", write: false });
  return {
    page: await read("index.html"),
    files: new Map([
      ["/page.js", { type: "text/javascript; charset=utf-8", text: bundle.outputFiles[0]!.text }],
      ["/style.css", { type: "text/css; charset=utf-8", text: await read("style.css") }],
    ]),
  };
}

interface Site {
  readonly assets: Assets;
  readonly actorsUrl: string | null;
  readonly secret: string;
}

async function answer(request: IncomingMessage, response: ServerResponse, site: Site): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://page");
  if (request.method === "POST" && pathname === "/session") return openSession(request, response, site.secret);
  if (request.method !== "GET") return void response.writeHead(405).end();
  const file = site.assets.files.get(pathname);
  if (file !== undefined) return send(response, file.type, file.text);
  if (pathname !== "/") return void response.writeHead(404).end("Not here\n");
  if (site.actorsUrl === null) return void response.writeHead(503).end("Starting\n");
  const policy = `default-src 'self'; img-src data:; connect-src 'self' ${site.actorsUrl} ${site.actorsUrl.replace("http", "ws")}`;
  response.setHeader("content-security-policy", `${policy}; frame-ancestors 'none'; base-uri 'none'`);
  send(response, "text/html; charset=utf-8", site.assets.page.replace("{{actors}}", site.actorsUrl));
}

function send(response: ServerResponse, type: string, text: string): void {
  response.writeHead(200, { "content-type": type, "x-content-type-options": "nosniff", "cache-control": "no-cache" });
  response.end(text);
}

/** Signs anybody in under any name: your application would ask for a password here. */
async function openSession(request: IncomingMessage, response: ServerResponse, secret: string): Promise<void> {
  // Only JSON: a form on a foreign page cannot send it without asking first.
  if (request.headers["content-type"] !== "application/json") return void response.writeHead(415).end();
  const { name, admin } = await readJson(request);
  if (typeof name !== "string" || !NAME.test(name)) return void response.writeHead(400).end();
  send(
    response,
    "application/json",
    JSON.stringify({ token: await signToken(secret, { name, admin: admin === true }) }),
  );
}

const MAX_BODY = 1024;

async function readJson(request: IncomingMessage): Promise<{ readonly name?: unknown; readonly admin?: unknown }> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > MAX_BODY) return {};
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

async function listen(server: Server, wanted: number | undefined): Promise<number> {
  const first = wanted ?? DEFAULT_PORT;
  for (let port = first; ; port++) {
    try {
      await new Promise<void>((done, fail) => {
        server.once("error", fail);
        server.listen(port, "127.0.0.1", () => {
          server.off("error", fail);
          done();
        });
      });
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const busy = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!busy || wanted !== undefined || port >= first + PORTS_TRIED) throw error;
    }
  }
}
