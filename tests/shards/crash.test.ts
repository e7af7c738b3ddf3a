/** The process is killed while several threads commit: one group may hold writes of all of them. `BYWARD_KILLS=n` for more. */
import { onTestFinished, test } from "vitest";
import { surviveKills } from "../crash/survive-kills.ts";

const KILLS = Number(process.env["BYWARD_KILLS"] ?? 4);

test(`${KILLS} kills of a process with two threads of actors: nothing lost, nothing twice`, {
  timeout: KILLS * 20_000,
}, async () => {
  process.env["BYWARD_TEST_WORKERS"] = "2";
  onTestFinished(() => {
    delete process.env["BYWARD_TEST_WORKERS"];
  });
  await surviveKills(KILLS);
});
