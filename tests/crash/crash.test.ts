/** Nothing acknowledged is lost and nothing happens twice, whatever the instant of the kill. `BYWARD_KILLS=n` for more. */
import { test } from "vitest";
import { surviveKills } from "./survive-kills.ts";

const KILLS = Number(process.env["BYWARD_KILLS"] ?? 25);

test(`${KILLS} kills: nothing acknowledged is lost, nothing happens twice`, { timeout: KILLS * 20_000 }, () =>
  surviveKills(KILLS),
);
