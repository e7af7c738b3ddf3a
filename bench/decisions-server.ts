/** The registries that `decisions.ts` compares, in one process of their own: with no sink, with the decision log, with telemetry. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, bearer, type DecisionSink, decisionLog, hasClaim, party, refine, setup } from "byward";
import { telemetry } from "byward/telemetry";

const folder = mkdtempSync(join(tmpdir(), "byward-bench-decisions-"));
const User = party("User", { auth: bearer({ secret: "AUTH_JWT_SECRET" }) });
const Admin = refine("Admin", User, hasClaim("admin"));

const serve = (name: string, decisions: readonly DecisionSink[]) => {
  const bench = actor({
    by: User,
    state: { calls: 0 },
    canInvoke: (c) => c.caller.party === "User",
    guards: { actions: { close: { by: Admin } } },
    actions: { echo: (_c, text: string) => text, close: () => 0 },
  });
  return setup({ use: { bench }, decisions }).serve({ port: 0, dataDir: join(folder, name) });
};

const plain = await serve("plain", []);
const logged = await serve("logged", [decisionLog({ directory: join(folder, "log") })]);
const counted = await serve("counted", [telemetry()]);
process.on("message", async (message) => {
  if (message === "cpu") process.send?.(process.cpuUsage());
  else {
    await plain.close();
    await logged.close();
    await counted.close();
    rmSync(folder, { recursive: true });
    process.disconnect();
  }
});
process.send?.({ plain: plain.url, logged: logged.url, counted: counted.url });
