/** The pinned packages of this folder, for a host that takes them from its caller. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { RivetKit } from "../../src/hosts/rivet/index.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const require = createRequire(join(folder, "package.json"));

const load = async (name: string): Promise<Record<string, unknown>> => {
  const root = join(require.resolve("rivetkit"), "../../..");
  return import(pathToFileURL(join(root, "dist", "tsup", name, "mod.js")).href);
};

/** RivetKit as installed here. */
export async function loadKit(): Promise<RivetKit> {
  const [{ actor, setup }, { db }] = [await load("."), await load("db")];
  return { actor, setup, db } as unknown as RivetKit;
}

export const engineBinary = join(folder, "node_modules/@rivetkit/engine-cli-linux-x64-musl/rivet-engine");
