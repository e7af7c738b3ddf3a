/** Owns the peers' presence: `bench/peers` has a lock of its own and is installed when a bench needs it. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

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
