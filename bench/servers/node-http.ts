/** Bare `node:http`: reads a JSON list, answers `{ output }`. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Side } from "../harness/child.ts";

export function serve(): Promise<Side> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const [text] = JSON.parse(Buffer.concat(chunks).toString()) as [string];
      const body = JSON.stringify({ output: text });
      response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
      response.end(body);
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    });
  });
}
