/** `npm start`: runs the chat and prints three commands to paste. */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { registry } from "./registry.ts";
import { signToken } from "./web/service.ts";

const { values } = parseArgs({ options: { port: { type: "string" }, "data-dir": { type: "string" } } });

// Without a secret of yours, one for this run: its tokens end with it.
const secret = process.env["AUTH_JWT_SECRET"] ?? randomBytes(48).toString("base64url");
process.env["AUTH_JWT_SECRET"] = secret;

const served = await registry.serve({
  dataDir: values["data-dir"] ?? ".byward",
  ...(values.port === undefined ? {} : { port: Number(values.port) }),
});

const lobby = `${served.url}/actors/chatRoom/lobby`;
const json = "-H 'Content-Type: application/json'";
const status = "-w ' %{http_code}\\n'";
const alice = `-H 'Authorization: Bearer ${await signToken(secret, { name: "alice", lifetime: "8h" })}'`;

console.log(`The chat, for two tabs: ${served.url}/

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
  await served.close();
  process.exit(0);
};
process.on("SIGINT", stop).on("SIGTERM", stop);
