/** A refusal is readable to whoever asked in CBOR: a client that cannot read why would come again for ever. */
import { actor, setup, Visitor } from "byward";
import { createClient } from "byward/client";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { cborCodec } from "../../src/protocol/cbor.ts";
import { serve } from "./server.ts";

const registry = () => setup({ use: { room: actor({ by: Visitor, state: {}, actions: {} }) } });

async function refusal(url: string, headers: Record<string, string>): Promise<[unknown, number]> {
  const socket = new WebSocket(url.replace(/^http/, "ws"), ["byward.v1.cbor"], { headers });
  const said: unknown[] = [];
  socket.on("message", (data, isBinary) => void said.push(isBinary ? cborCodec.decode(data) : "text"));
  const code = await new Promise<number>((resolve) => socket.on("close", resolve));
  return [(said[0] as { code?: unknown }).code, code];
}

test("a foreign page and an unknown actor are told so in CBOR", async () => {
  const { url } = await serve(registry());
  const origin = { origin: "https://elsewhere.example" };
  expect(await refusal(`${url}/actors/room/one/connect`, origin)).toEqual(["forbidden", 3003]);
  expect(await refusal(`${url}/actors/nobody/one/connect`, {})).toEqual(["not_found", 1008]);
});

test("a client in CBOR learns why", async () => {
  const { url } = await serve(registry());
  // biome-ignore lint/suspicious/noExplicitAny: an actor that is not there has no type
  const client = createClient(url, { encoding: "cbor" }) as any;
  const connection = client.nobody.getOrCreate("one").connect();
  const error = await new Promise((resolve) => connection.onError(resolve));
  expect(error).toMatchObject({ code: "not_found" });
  await client.dispose();
});
