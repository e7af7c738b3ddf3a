/** The client in a real browser, from another origin than the server's: what Node's sockets and fetch do not show. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import type { createClient } from "../../src/client/index.ts";
import { findBrowser, launch } from "../browser.ts";
import { serve, token } from "./real-server.ts";

const executable = findBrowser();

declare global {
  var createByward: typeof createClient;
}

/** A page with the client in it, as a bundler that splits code makes it. */
const servePage = async (): Promise<{ origin: string; asked: string[] }> => {
  const entry = fileURLToPath(new URL("../../src/client/index.ts", import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { createClient } from ${JSON.stringify(entry)}; globalThis.createByward = createClient;`,
      resolveDir: ".",
    },
    bundle: true,
    splitting: true,
    format: "esm",
    outdir: "/",
    entryNames: "page",
    write: false,
  });
  const files = new Map(outputFiles.map(({ path, text }) => [path.replaceAll("\\", "/").replace(/^.*\//, "/"), text]));
  const asked: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    asked.push(url);
    const script = files.get(url);
    response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
    response.end(script ?? `<!doctype html><script type="module" src="/page.js"></script>`);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

test.skipIf(executable === null)("calls, sockets, streams and both encodings work across origins", async () => {
  const page = await servePage();
  const { url } = await serve([page.origin]);
  const browser = await launch(executable!);
  onTestFinished(() => browser.close());
  const tab = await browser.newPage();
  const complaints: string[] = [];
  tab.on("pageerror", (error) => complaints.push(String(error)));
  await tab.goto(page.origin);
  await tab.waitForFunction(() => "createByward" in globalThis);

  const use = async ({ url, token, encoding }: { url: string; token: string; encoding: "json" | "cbor" }) => {
    const client = globalThis.createByward(url, { token: () => token, encoding, params: { seat: 1 } });
    const room = client["room"]!.getOrCreate(["a", encoding]);
    const conn = room.connect();
    const heard = new Promise((resolve) => conn.on("said", (who, text) => resolve([who, text])));
    const [viaHttp, viaSocket] = await Promise.all([room["echo"]!(new Uint8Array([1])), conn["echo"]!(2n)]);
    await conn["say"]!("hi");
    const socket = await room.webSocket("/", "chat.v2");
    const frames: unknown[] = [];
    await new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        frames.push(typeof data === "string" ? data : [...new Uint8Array(data)]);
        if (frames.length === 2) resolve();
      };
      socket.send(new Uint8Array([7, 8]));
    });
    const { protocol } = socket;
    const stream = room.$events("said");
    const streamed = stream.next();
    let isOver = false;
    void streamed.then(() => {
      isOver = true;
    });
    while (!isOver) await room["say"]!("again");
    await stream.return?.();
    const refused = await room["refuse"]!().catch((error: { code: string }) => error.code);
    const raw = await (await room.fetch("x", { method: "POST", body: "y" })).text();
    await client.dispose();
    return {
      values: [viaHttp instanceof Uint8Array, typeof viaSocket],
      heard: await heard,
      frames,
      protocol,
      streamed: (await streamed).value,
      refused,
      raw,
      status: conn.connStatus,
    };
  };

  const seen = {
    values: [true, "bigint"],
    heard: ["User", "hi"],
    frames: ["welcome", [7, 8]],
    protocol: "chat.v2",
    streamed: ["User", "again"],
    refused: "no",
    raw: "POST /x y",
    status: "idle",
  };
  const given = { url, token: await token() };
  expect(await tab.evaluate(use, { ...given, encoding: "json" as const })).toStrictEqual(seen);
  expect(page.asked.some((path) => path.includes("cbor"))).toBe(false);
  expect(await tab.evaluate(use, { ...given, encoding: "cbor" as const })).toStrictEqual(seen);
  expect(page.asked.some((path) => path.includes("cbor"))).toBe(true);
  expect(complaints).toStrictEqual([]);
});
