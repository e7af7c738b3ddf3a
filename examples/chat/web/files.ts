/**
 * The page's files, where the host has files: on Node. Elsewhere the platform serves them, and these are refused. What reads
 * them is loaded when it is asked for, under names that no bundler follows, so that the registry runs everywhere as it is.
 */
import { UserError } from "byward";

const NODE_FILES = "node:fs/promises";
const BUNDLER = "esbuild";

/** The text of a file beside this one. */
export async function read(name: string): Promise<string> {
  const { readFile } = (await load(NODE_FILES)) as typeof import("node:fs/promises");
  return readFile(new URL(name, import.meta.url), "utf8");
}

/** A script for browsers, with all it imports. */
export async function bundle(name: string): Promise<string> {
  const { build } = (await load(BUNDLER)) as typeof import("esbuild");
  const entry = decodeURIComponent(new URL(name, import.meta.url).pathname);
  const made = await build({ entryPoints: [entry], bundle: true, format: "esm", target: "es2022", write: false });
  return made.outputFiles[0]!.text;
}

async function load(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch {
    throw new UserError("This host has no files: publish the page beside it.", { code: "no_files" });
  }
}
