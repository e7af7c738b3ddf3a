/**
 * Prints the size of the client in a browser bundle (JSON encoding), minified and gzipped, and fails above the budget.
 * What is imported when first used (CBOR, event streams) is apart, and CBOR must not be in the bundle at all.
 */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

const BUDGET = 12 * 1024;

const entry = fileURLToPath(new URL("../src/client/index.ts", import.meta.url));

/** Leaves `import()` out, as a bundler that splits code does. */
const split: Plugin = {
  name: "split",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\./ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    );
  },
};

const { outputFiles, metafile } = await build({
  stdin: { contents: `export { createClient } from ${JSON.stringify(entry)};`, resolveDir: ".", loader: "ts" },
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  write: false,
  metafile: true,
  plugins: [split],
});

const [bundle] = outputFiles;
if (bundle === undefined) throw new Error("esbuild wrote nothing");
const zipped = gzipSync(bundle.contents, { level: 9 }).length;
const intruder = Object.keys(metafile.inputs).find((path) => path.includes("cbor"));

console.log(`client, JSON only: ${bundle.contents.length} bytes minified, ${zipped} gzipped (budget ${BUDGET})`);
if (intruder !== undefined) console.error(`CBOR is in the JSON bundle: ${intruder}`);
if (zipped > BUDGET) console.error(`${zipped - BUDGET} bytes over the budget`);
if (intruder !== undefined || zipped > BUDGET) process.exitCode = 1;
