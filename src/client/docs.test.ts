/** The examples of `docs/client.md` run, and those of `docs/react.md` render: each block as it stands in the page. */
import { readFileSync } from "node:fs";
import { transform } from "esbuild";
import { createElement, type FunctionComponent, useState } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { type Peer, reply, type ScriptedServer, startServer } from "../../tests/client/scripted-server.ts";
import { testClient } from "../../tests/client/test-runtime.ts";
import { ActorError, createClient } from "./index.ts";
import { createByward } from "./react/index.ts";

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");

const blocksOf = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map((match) => match[1]!);

/** Runs a block: what it imports and what earlier blocks made are given to it. Returns what it exports. */
const run = async (block: string, given: Record<string, unknown>, exported = "undefined"): Promise<unknown> => {
  const body = block.replace(/^import .*$/gm, "").replace(/^export /gm, "");
  const options = { loader: "tsx", jsx: "automatic", target: "es2024" } as const;
  const { code } = await transform(`export async function block() {\n${body}\nreturn ${exported};\n}`, options);
  const runnable = code
    .replace(/^import \{ (.*) \} from "react\/jsx-runtime";$/m, (_, names: string) => {
      return `const { ${names.replaceAll(" as ", ": ")} } = runtime;`;
    })
    .replace("export async function", "return async function");
  const runtime = await import("react/jsx-runtime");
  const names = Object.keys(given);
  const make = new Function(...names, "runtime", runnable) as (...values: unknown[]) => () => Promise<unknown>;
  return make(...names.map((name) => given[name]), runtime)();
};

/** Answers everything as a chat room would. */
const chatServer = async (): Promise<ScriptedServer> => {
  const server = await startServer();
  server.answer = ({ method, path, body }, response) => {
    if (path.endsWith("/events/messages")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('event: ready\ndata: {"actor":"a","expiresAt":null,"now":1}\n\ndata: ["hello"]\n\n');
    } else if (path.includes("/actions/") && body === '[""]') {
      const error = { group: "user", code: "empty", message: "Say something.", correlationId: "x", metadata: "empty" };
      reply(response, 400, error);
    } else if (path.includes("/queues/")) reply(response, 200, { status: "completed", response: "done" });
    else reply(response, method === "POST" && !path.includes("/actions/") ? 201 : 200, { actor: "id-1" });
  };
  void admitAll(server);
  return server;
};

const admitAll = async (server: ScriptedServer): Promise<void> => {
  for (;;) void talk(await server.peers.next());
};

const talk = async (peer: Peer): Promise<void> => {
  await peer.admit();
  for (;;) {
    const message = await peer.messages.next();
    if ("id" in message) peer.send({ t: "result", id: message.id, output: { status: "queued" } });
    if (message.t === "subscribe") peer.send({ t: "event", name: message.name, args: [`${message.name}!`] });
  }
};

test("every block of the client's page runs as it stands", async () => {
  const server = await chatServer();
  const blocks = blocksOf(page("client.md"), "ts");
  expect(blocks).toHaveLength(6);
  const shown: unknown[] = [];
  const show = (value: unknown): unknown => shown.push(value);
  const made: string[] = [];
  const onThisServer = (endpoint: string, options: object): unknown => {
    made.push(endpoint);
    return testClient({ ...options, endpoint: server.url });
  };
  const session = { token: () => "t" };
  const room = await run(blocks[0]!, { createClient: onThisServer, session }, "() => room");
  const client = testClient({ endpoint: server.url });
  const given = { client, room: (room as () => unknown)(), show, use: show, ActorError };
  await run(blocks[1]!, given);
  await run(blocks[2]!, given);
  await run(blocks[3]!, given);
  await run(blocks[4]!, { createClient: onThisServer, session });
  await run(blocks[5]!, given);
  expect(made).toStrictEqual(["https://chat.example", "https://chat.example"]);
  expect(shown).toStrictEqual(["done", "hello", "connected", "messages!", "idle", "empty"]);
});

test("the component of the React page renders", async () => {
  const [block, ...more] = blocksOf(page("react.md"), "tsx");
  expect(more).toStrictEqual([]);
  const Room = (await run(block!, { createClient, createByward, useState }, "Room")) as FunctionComponent<{
    id: string;
  }>;
  expect(renderToString(createElement(Room, { id: "lobby" }))).toBe(
    '<section><p>idle</p><ul></ul><button disabled="">Send</button></section>',
  );
});
