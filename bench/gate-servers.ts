/** The servers `gate.ts` compares, each in a process of its own: `byward`, `echo` (bare ws), `http` (bare node:http). */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { actor, anyOf, bearer, party, setup, Visitor } from "byward";
import { WebSocketServer } from "ws";

const kind = process.argv[2];
const listening = (port: number): void => console.log(`http://127.0.0.1:${port}`);

if (kind === "byward") {
  const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
  const bench = actor({
    by: anyOf(User, Visitor),
    state: { calls: 0 },
    canInvoke: (c, invoke) => invoke.kind === "action" && invoke.name === "echo" && c.caller.party === "User",
    actions: { echo: (_c, text: string) => text },
  });
  const { mkdtempSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const { port } = await setup({ use: { bench } }).serve({
    port: 0,
    dataDir: mkdtempSync(`${tmpdir()}/byward-bench-`),
  });
  listening(port);
} else if (kind === "echo") {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false }, () => {
    listening((server.address() as AddressInfo).port);
  });
  server.on("connection", (ws) => ws.on("message", (data) => ws.send(data.toString())));
} else {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const [text] = JSON.parse(Buffer.concat(chunks).toString());
      const body = JSON.stringify({ output: text });
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      response.end(body);
    });
  });
  server.listen(0, "127.0.0.1", () => listening((server.address() as AddressInfo).port));
}
