/**
 * Checks the code in documents. A block of TypeScript whose first line is `// file: name.ts` is a file: all files of a
 * document are written to one folder and type-checked together. With `// file: name.ts, runs` it is also run, after the
 * ones before it are there, and must end with 0 within 20 s.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { listFiles } from "./list-files.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const TIME_MS = 20_000;

export interface DocumentFile {
  readonly name: string;
  readonly text: string;
  readonly runs: boolean;
}

/** The files that a document's blocks make. */
export function filesOf(text: string): readonly DocumentFile[] {
  const blocks = text.matchAll(/^```tsx?\n(\/\/ file: ([\w./-]+)(, runs)?\n[\s\S]*?)^```$/gm);
  return [...blocks].map(([, body, name, runs]) => ({ name: name!, text: body!, runs: runs !== undefined }));
}

/** Documents that have such files, by path from the root. */
export function documentsWithFiles(): ReadonlyMap<string, readonly DocumentFile[]> {
  const documents = listFiles(root).filter((path) => path.endsWith(".md") && !path.startsWith("templates/"));
  const entries = documents.map((path) => [path, filesOf(readFileSync(join(root, path), "utf8"))] as const);
  return new Map(entries.filter(([, files]) => files.length > 0));
}

/** What is wrong with a document's files; empty when they type-check and run. */
export function checkFiles(files: readonly DocumentFile[]): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "byward-docs-"));
  try {
    for (const { name, text } of files) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const wrongTypes = typeErrors(folder);
    return wrongTypes.length > 0
      ? wrongTypes
      : files.filter(({ runs }) => runs).flatMap(({ name }) => runFile(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function typeErrors(folder: string): readonly string[] {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as {
    compilerOptions: { paths: Record<string, string[]> };
  };
  const paths = Object.entries(compilerOptions.paths).map(([name, [path = ""]]) => [name, [join(root, path)]]);
  const options = { ...compilerOptions, paths: Object.fromEntries(paths), noUnusedLocals: false };
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, include: ["**/*"], exclude: [] }),
  );
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], {
    cwd: folder,
    encoding: "utf8",
  });
  // What is wrong in the source itself is the matter of `npm run types`.
  return stdout.split("\n").filter((line) => /^[^.\s].*: error /.test(line));
}

function runFile(folder: string, name: string): readonly string[] {
  const useSource = join(root, "tests", "cli", "use-source.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", useSource, join(folder, name)], {
    cwd: folder,
    encoding: "utf8",
    timeout: TIME_MS,
    env: { ...process.env, NODE_ENV: "test" },
  });
  return status === 0 ? [] : [`${name} ended with ${status}\n${stdout}${stderr}`];
}

if (import.meta.main) {
  const complaints = [...documentsWithFiles()].flatMap(([path, files]) =>
    checkFiles(files).map((complaint) => `${path}: ${complaint}`),
  );
  for (const complaint of complaints) console.error(complaint);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
