/** What a module is to others: its places in the sources, its entry as a Worker, and what it keeps to itself. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "byward/bynk";
import { expect, test } from "vitest";
import { emit, emitText, load, writeFiles } from "./support/compiled.ts";
import { bearerToken } from "./support/credentials.ts";

const hooks = fileURLToPath(new URL("../../cli/use-source.ts", import.meta.url));
const SECRET = "a secret of thirty-two bytes or more";

test("an error in a compiled module is told at its line of Bynk, under Node's own source maps", () => {
  const source = "commons faulty\n\nfn broken(n: Int) -> Int {\n  let half = n / 2\n  half / 0\n}\n";
  const main = 'import { broken } from "./faulty.ts";\nbroken(3);\n';
  const folder = writeFiles({
    ...emit({ "faulty.bynk": source }),
    "main.ts": main,
    "package.json": '{"type":"module"}',
  });
  const run = (): string =>
    execFileSync(process.execPath, ["--enable-source-maps", "--import", hooks, join(folder, "main.ts")], {
      encoding: "utf8",
      stdio: "pipe",
    });
  expect(run).toThrow(/faulty\.bynk:5:3/);
});

test("documentation of the author's goes along, and cannot end a comment", () => {
  const text = emitText(
    { "told.bynk": "commons told\n\n---\nHalves */ it.\n---\nfn half(n: Int) -> Int { n / 2 }\n" },
    "told.ts",
  );
  expect(text).toContain("/** Halves *\u200b/ it. */\nexport function half(n: number): number {");
});

test("a context exports its types, its definition and its default, and no handler", async () => {
  const module = await load(
    {
      "src/kept.bynk": `context kept
type Id = String where NonEmpty
actor User { auth = Bearer(secret = "KEY"), identity = Id }
fn secret() -> String { "kept" }
service api from http {
  on GET("/") by u: User () -> Effect[HttpResult[String]] { Ok(secret()) }
}
`,
    },
    "kept.ts",
  );
  expect(Object.keys(module).toSorted()).toEqual(["Id", "definition", "default"].toSorted());
});

test("routes that differ by punctuation only keep handlers of their own", async () => {
  const route = (path: string): string =>
    `  on GET("${path}") by Visitor () -> Effect[HttpResult[String]] { Ok("${path}") }\n`;
  const paths = ["/a-b", "/a_b", "/a/b", "/", "/ab", "/a.b"];
  const text = `context many\nservice api from http {\n${paths.map(route).join("")}}\n`;
  const module = await load({ "src/many.bynk": text }, "many.ts");
  for (const path of paths) {
    const response = await module.default.fetch(new Request(`https://many.example${path}`), {});
    expect(await response.json()).toBe(path);
  }
});

test("schedules of one service are named apart from services that are called alike", async () => {
  const on = (schedule: string): string => `on schedule("${schedule}") () -> Effect[Result[(), String]] { Ok(()) }`;
  const text = `context alike
service tick from cron { ${on("0 1 * * *")} ${on("0 2 * * *")} }
service tick2 from cron { ${on("0 3 * * *")} }
`;
  const module = await load({ "src/alike.bynk": text }, "alike.ts");
  const crons = module["definition"].alike.map((part: { config: { crons: object } }) => Object.keys(part.config.crons));
  expect(crons).toEqual([["tick1", "tick2_"], ["tick2"]]);
  await module.default.scheduled({ cron: "0 2 * * *", scheduledTime: 0 }, {});
});

test("a type, an actor, a capability and a service of one name live in one module", async () => {
  const text = `context clash
type User = String where NonEmpty
capability Thing { fn constructor() -> Effect[Bool] }
provides Thing = Thing { fn constructor() -> Effect[Bool] { true } }
type Api = { user: User }
actor User { auth = Bearer(secret = "KEY"), identity = User }
service Api from http {
  on GET("/") by u: User () -> Effect[HttpResult[Api]] given Thing {
    let yes <- Thing.constructor()
    if yes { Ok(Api { user: u.identity }) } else { NotFound }
  }
}
`;
  const module = await load({ "src/clash.bynk": text }, "clash.ts");
  const headers = { authorization: `Bearer ${await bearerToken(SECRET, { sub: "ada" })}` };
  const response = await module.default.fetch(new Request("https://clash.example/", { headers }), { KEY: SECRET });
  expect(await response.json()).toEqual({ user: "ada" });
});

test("without a binder the same subjects are let in as with one", async () => {
  const text = `context subjects
type Id = String where Matches("[a-z]+")
actor User { auth = Bearer(secret = "KEY"), identity = Id }
service api from http {
  on GET("/bound") by u: User () -> Effect[HttpResult[String]] { Ok("\\(u.identity)") }
  on GET("/unbound") by User () -> Effect[HttpResult[String]] { Ok("in") }
}
`;
  const module = await load({ "src/subjects.bynk": text }, "subjects.ts");
  const status = async (path: string, sub: string): Promise<number> => {
    const headers = { authorization: `Bearer ${await bearerToken(SECRET, { sub })}` };
    return (await module.default.fetch(new Request(`https://s.example${path}`, { headers }), { KEY: SECRET })).status;
  };
  for (const path of ["/bound", "/unbound"]) {
    expect(await status(path, "ada")).toBe(200);
    expect(await status(path, "ADA")).toBe(401);
  }
});

test("claims are the token's own: what every object inherits is no claim", async () => {
  const text = `context claims
type Id = String where NonEmpty
actor User { auth = Bearer(secret = "KEY"), identity = Id }
actor Odd = User where hasClaim("constructor") || hasClaim("toString")
service api from http { on GET("/") by Odd () -> Effect[HttpResult[String]] { Ok("in") } }
`;
  const module = await load({ "src/claims.bynk": text }, "claims.ts");
  const headers = { authorization: `Bearer ${await bearerToken(SECRET, { sub: "ada" })}` };
  expect((await module.default.fetch(new Request("https://c.example/", { headers }), { KEY: SECRET })).status).toBe(
    403,
  );
});

test("a good answer to GET has a validator of at least 64 bits, and the cache rule is on good answers only", async () => {
  const text = `context cached
service api from http {
  @cache(maxAge: 5.minutes, scope: public)
  on GET("/:id") by Visitor (id: String) -> Effect[HttpResult[String]] { if id == "x" { Ok(id) } else { NotFound } }
}
`;
  const module = await load({ "src/cached.bynk": text }, "cached.ts");
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    module.default.fetch(new Request(`https://c.example${path}`, { headers }), {});
  const good = await get("/x");
  const etag = good.headers.get("etag") ?? "";
  expect(etag).toMatch(/^W\/"[0-9a-f]{16,}"$/);
  expect(good.headers.get("cache-control")).toBe("public, max-age=300");
  expect((await get("/x", { "if-none-match": etag })).status).toBe(304);
  expect((await get("/y")).headers.get("cache-control") ?? "").not.toContain("max-age=300");
});

test("pages elsewhere may send Authorization where a route reads it, in sums too", async () => {
  const text = `context pages
type Id = String where NonEmpty
actor User { auth = Bearer(secret = "KEY"), identity = Id }
service api from http {
  cors { origins: ["https://app.example"] }
  on GET("/") by who: User | Visitor () -> Effect[HttpResult[String]] { match who { User(id) => Ok("\\(id)"), Visitor => Ok("v") } }
}
`;
  const module = await load({ "src/pages.bynk": text }, "pages.ts");
  const headers = { origin: "https://app.example", "access-control-request-method": "GET" };
  const request = new Request("https://p.example/", { method: "OPTIONS", headers });
  const preflight = await module.default.fetch(request, { KEY: SECRET });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("authorization");
});

test("the worker target adds an entry and a configuration for each context that can be reached", async () => {
  const files = {
    "src/shop/api.bynk": `context shop.api
consumes shop.pricing as pricing
type Id = String where NonEmpty
actor User { auth = Bearer(secret = "USER_KEY"), identity = Id }
service api from http {
  on GET("/") by User () -> Effect[HttpResult[Int]] {
    let price <- pricing.price()
    Ok(price)
  }
}
service nightly from cron { on schedule("0 3 * * *") () -> Effect[Result[(), String]] { Ok(()) } }
service jobs from queue("jobs") { on message(job: String) -> Effect[QueueResult] { Ack } }
`,
    "src/shop/pricing.bynk": "context shop.pricing\nservice price { on call () -> Effect[Int] { 450 } }\n",
  };
  const result = compile({ files, target: "worker" });
  expect(Object.keys(result.files).filter((path) => path.startsWith("workers/"))).toEqual([
    "workers/shop-api/index.ts",
    "workers/shop-api/wrangler.toml",
  ]);
  const configuration = result.files["workers/shop-api/wrangler.toml"];
  expect(configuration).toContain('crons = ["0 3 * * *"]');
  expect(configuration).toContain('queue = "jobs"');
  expect(configuration).toContain("# wrangler secret put USER_KEY");
  const folder = writeFiles(result.files);
  const entry = await import(join(folder, "workers/shop-api/index.ts"));
  const headers = { authorization: `Bearer ${await bearerToken(SECRET, { sub: "ada" })}` };
  const response = await entry.default.fetch(new Request("https://s.example/", { headers }), { USER_KEY: SECRET });
  expect(await response.json()).toBe(450);
});
