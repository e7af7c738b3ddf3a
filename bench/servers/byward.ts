/** Our server: the gate on, a verified bearer caller, a `canInvoke` that decides; SQLite in a temporary folder. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { actor, anyOf, bearer, party, setup, Visitor } from "byward";
import type { Side } from "../harness/child.ts";
import { SECRET } from "../harness/credentials.ts";

const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });

const bench = actor({
  by: anyOf(User, Visitor),
  state: { calls: 0 },
  canInvoke: (c, invoke) => {
    if (invoke.kind === "action") return c.caller.party === "User" && ["echo", "publish"].includes(invoke.name);
    return invoke.kind === "subscribe" && invoke.name === "news";
  },
  actions: {
    echo: (_c, text: string) => text,
    publish: (c, text: string) => {
      c.broadcast("news", text);
    },
  },
  // Idle connections and actors are to be counted, not to fall asleep meanwhile.
  options: { noSleep: true },
});

export async function serve(): Promise<Side> {
  process.env["AUTH_JWT_SECRET"] = SECRET;
  const { url } = await setup({ use: { bench } }).serve({
    port: 0,
    dataDir: mkdtempSync(`${tmpdir()}/byward-bench-`),
  });
  return { url };
}
