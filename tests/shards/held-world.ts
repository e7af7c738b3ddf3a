/** The same world, whose threads do not come up while the file of `BYWARD_TEST_HOLD` is there. */
import { existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const hold = process.env["BYWARD_TEST_HOLD"];
while (hold !== undefined && existsSync(hold)) await pause(10);

export { registry } from "./world.ts";
