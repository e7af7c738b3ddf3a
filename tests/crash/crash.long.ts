/** The long run of `crash.test.ts`. */
import { test } from "vitest";
import { surviveKills } from "./survive-kills.ts";

test("500 kills: nothing acknowledged is lost, nothing happens twice", { timeout: 500 * 20_000 }, () =>
  surviveKills(500),
);
