/**
 * Owns the peers' presence: `bench/peers` has a lock of its own and is installed when a bench needs it. What is large,
 * RivetKit 2.3 with its engine, is used where `tests/rivet` has it and never fetched by a bench.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { engineBinary } from "../peers/rivetkit-engine-kit.ts";

const FOLDER = fileURLToPath(new URL("../peers", import.meta.url));

/** @throws Error where npm cannot install them */
export function assurePeers(): void {
  if (existsSync(`${FOLDER}/node_modules/socket.io`)) return;
  console.log("Installing the peers into bench/peers (npm ci) …");
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: FOLDER,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("the peers could not be installed: run `npm ci` in bench/peers and see why");
}

/** Why RivetKit 2.3 cannot be compared with here; null where it can. */
export function whyNoRivetEngine(): string | null {
  if (process.platform !== "linux" || process.arch !== "x64") return "its pinned engine is for Linux on x64 only";
  if (existsSync(engineBinary)) return null;
  return "it and its engine (320 MB) are not installed; `npm ci --ignore-scripts` in tests/rivet does it";
}
