/** `npm start`: runs the chat and prints three commands to paste. */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { createRegistry } from "./registry.ts";
import { serveWeb, signToken } from "./web/server.ts";

const { values } = parseArgs({
  options: { port: { type: "string" }, "web-port": { type: "string" }, "data-dir": { type: "string" } },
});
const portOf = (text: string | undefined): { port?: number } => (text === undefined ? {} : { port: Number(text) });

// Without a secret of yours, one for this run: its tokens end with it.
const secret = process.env["AUTH_JWT_SECRET"] ?? randomBytes(48).toString("base64url");
process.env["AUTH_JWT_SECRET"] = secret;

const web = await serveWeb({ secret, ...portOf(values["web-port"]) });
const registry = createRegistry(web.origins);
const served = await registry.serve({ ...portOf(values.port), dataDir: values["data-dir"] ?? ".byward" });
web.setActorsUrl(served.url);

const lobby = `${served.url}/actors/chatRoom/lobby`;
const json = "-H 'Content-Type: application/json'";
const status = "-w ' %{http_code}\\n'";
const alice = `-H 'Authorization: Bearer ${await signToken(secret, { name: "alice", lifetime: "8h" })}'`;

console.log(`The chat is at ${web.url}. Open it in two tabs. Its actors are at ${served.url}.

Post as alice:
  curl -s ${status} ${lobby}/actions/sendMessage ${json} ${alice} -d '["hello"]'

Be refused as a visitor:
  curl -s ${status} ${lobby}/actions/sendMessage ${json} -d '["hello"]'

Subscribe, as anybody may, and post again from another terminal:
  curl -sN ${lobby}/events/messages

Ctrl+C stops it.`);

let stopping = false;
const stop = async (): Promise<void> => {
  if (stopping) process.exit(1);
  stopping = true;
  await web.close();
  await served.close();
  process.exit(0);
};
process.on("SIGINT", stop).on("SIGTERM", stop);
