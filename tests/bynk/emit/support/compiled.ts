/** Compiles Bynk and loads what comes out, from real files in a temporary folder. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { compile } from "byward/bynk";
import { onTestFinished } from "vitest";

/** The emitted files of sources that must have no error, by path. */
export function emit(files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const result = compile({ files });
  const errors = result.diagnostics.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const lines = errors.map(({ code, path, line, column, message }) => `${path}:${line}:${column} ${code} ${message}`);
    throw new Error(`the sources have errors:\n${lines.join("\n")}`);
  }
  return result.files;
}

/** The text of the one module that the sources make. */
export function emitText(files: Readonly<Record<string, string>>, path: string): string {
  const text = emit(files)[path];
  if (text === undefined) throw new Error(`nothing was emitted at ${path}`);
  return text;
}

/** Writes files to a folder that goes with the test. */
export function writeFiles(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "byward-bynk-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** What a compiled context's module exports, as far as tests use it. */
export interface ContextModule {
  readonly default: {
    fetch(request: Request, env?: object, context?: object): Promise<Response>;
    scheduled(event: { cron: string; scheduledTime: number }, env?: object): Promise<void>;
    queue(batch: object, env?: object): Promise<void>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: whatever the compiled module exports
  readonly [name: string]: any;
}

/** Compiles, writes and imports one module. */
export async function load(files: Readonly<Record<string, string>>, path: string): Promise<ContextModule> {
  const folder = writeFiles(emit(files));
  return (await import(pathToFileURL(join(folder, path)).href)) as ContextModule;
}

/** A project of one commons; gives its functions. */
export function loadCommons(text: string): Promise<ContextModule> {
  const name = /commons (\w+)/.exec(text)?.[1] ?? "";
  return load({ [`${name}.bynk`]: text }, `${name}.ts`);
}
