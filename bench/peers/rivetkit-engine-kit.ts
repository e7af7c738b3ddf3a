/** Owns where RivetKit 2.3 and its engine are: `tests/rivet` pins and installs them, 320 MB, and no second copy is made. */
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const FOLDER = new URL("../../tests/rivet/", import.meta.url);
const require = createRequire(new URL("package.json", FOLDER));

/** `rivetkit` or a part of it, as a module: `require.resolve` answers with the CommonJS entry, which the other is beside. */
export const loadKit = (name = "rivetkit"): Promise<Readonly<Record<string, unknown>>> =>
  import(pathToFileURL(require.resolve(name).replace(/\.cjs$/, ".js")).href);

export const engineBinary = fileURLToPath(
  new URL("node_modules/@rivetkit/engine-cli-linux-x64-musl/rivet-engine", FOLDER),
);
