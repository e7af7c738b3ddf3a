/**
 * Owns `byward access`: the access matrix of a registry from its declarations, and with `--probe` from its code; the lock
 * file that a change of access fails against. Runs no handler and reads no secret.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type AccessChange, type AccessLock, compareLocks, lockOf, parseLock, renderLock } from "../../access/lock.ts";
import { declaredMatrix, type Matrix } from "../../access/matrix.ts";
import { type ProbedMatrix, type ProbedRow, probeMatrix } from "../../access/probe.ts";
import { renderCedar } from "../../access/render-cedar.ts";
import { renderHtml } from "../../access/render-html.ts";
import { renderMarkdown } from "../../access/render-markdown.ts";
import { labelOf, renderMatrix, visible } from "../../access/render-matrix.ts";
import type { Registry } from "../../registry/registry.ts";
import { DecidingLine } from "../access/deciding-line.ts";
import { withoutSideEffects } from "../access/side-effects.ts";
import { registryFile } from "../bynk/entry.ts";
import { loadRegistry } from "../entry.ts";
import { CommandFailure } from "../failure.ts";
import { type Paint, paint, stderr, stdout } from "../terminal.ts";

interface Flags {
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly html?: boolean;
  readonly cedar?: string;
  readonly probe?: boolean;
  readonly state?: string;
  readonly explain?: boolean;
  readonly write?: boolean;
  readonly check?: boolean;
  readonly lock: string;
}

export function define(command: Command): void {
  command
    .description("Show who may reach what: every entrypoint against every party.")
    .argument("<entry>", "file that exports the registry, such as src/registry.ts; or a Bynk file or project")
    .option("--probe", "fill what code decides: try canInvoke with callers of every party, in memory")
    .option("--state <file>", 'states to probe in beside the initial ones, as JSON: { "chatRoom": { … } }')
    .option("--explain", "say for each cell what decided it (with --probe)")
    .option("--write", "record the matrix in the lock file (probes)")
    .option("--check", "fail when access became wider than the lock file says (probes as it does)")
    .option("--lock <file>", "the lock file", "access.lock")
    .option("--json", "print the matrix, or the changes, as JSON")
    .option("--markdown", "print the matrix as Markdown")
    .option("--html", "print the matrix as an HTML page")
    .option("--cedar <folder>", "write what it allows as Cedar: access.cedar and access.cedarschema")
    .action(showAccess);
}

const PAINTS: Readonly<Record<string, Paint>> = {
  allow: "green",
  "401": "red",
  "403": "red",
  "404": "dim",
  "500": "magenta",
  "?": "yellow",
  depends: "yellow",
};

async function showAccess(entry: string, flags: Flags): Promise<void> {
  assertFlags(flags);
  const lock = flags.check === true ? readLock(flags.lock, entry) : null;
  const stateFile = flags.state ?? lock?.state;
  const states = stateFile === undefined ? undefined : readStates(stateFile);
  const registry = await loadRegistry(await registryFile(entry));
  assertStates(registry, states);
  if (lock !== null) {
    return check(lock, lockOf(lock.probed ? await probe(registry, states) : declaredMatrix(registry.config)), flags);
  }
  const isProbed = flags.probe === true || flags.write === true || states !== undefined || flags.explain === true;
  const matrix = isProbed ? await probe(registry, states) : declaredMatrix(registry.config);
  if (flags.write === true) {
    writeFileSync(flags.lock, renderLock(lockOf(matrix, stateFile)));
    stderr(
      `${paint("green", "✓", process.stderr)} ${flags.lock} says what was found: ${matrix.rows.length} entrypoints.`,
    );
    return;
  }
  if (flags.cedar !== undefined) {
    writeCedar(matrix, flags.cedar);
    return;
  }
  print(matrix, flags);
}

function writeCedar(matrix: Matrix, folder: string): void {
  const { schema, policies } = renderCedar(matrix);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "access.cedarschema"), schema);
  writeFileSync(join(folder, "access.cedar"), policies);
  const count = policies.split("\npermit ").length - 1;
  stderr(`${paint("green", "✓", process.stderr)} ${folder} has ${count} policies and their schema.`);
}

function assertFlags(flags: Flags): void {
  const formats = [flags.json, flags.markdown, flags.html, flags.cedar !== undefined].filter(
    (flag) => flag === true,
  ).length;
  if (
    formats > 1 ||
    (flags.cedar !== undefined && (flags.write === true || flags.check === true)) ||
    (flags.write === true && flags.check === true)
  ) {
    throw new CommandFailure("access.flags", "These options exclude each other.", {
      hint: "Choose one of --json, --markdown, --html, --cedar, and one of --write, --check.",
      exitCode: 2,
    });
  }
}

async function probe(registry: Registry, states: Readonly<Record<string, unknown>> | undefined): Promise<ProbedMatrix> {
  const tracer = new DecidingLine();
  const allowAgain = withoutSideEffects();
  try {
    return await probeMatrix(registry.config, { tracer, ...(states === undefined ? {} : { states }) });
  } finally {
    allowAgain();
    tracer.close();
  }
}

function print(matrix: Matrix | ProbedMatrix, flags: Flags): void {
  if (flags.json === true) stdout(JSON.stringify(matrix, null, 2));
  else if (flags.markdown === true) stdout(renderMarkdown(matrix));
  else if (flags.html === true) stdout(renderHtml(matrix));
  else {
    stdout(renderMatrix(matrix, (verdict, text) => paint(PAINTS[verdict] ?? "reset", text)));
    if (flags.explain === true) stdout(explain(matrix as ProbedMatrix));
  }
}

function explain({ rows }: ProbedMatrix): string {
  return rows.flatMap((row) => ["", `${row.owner} ${labelOf(row)}`, ...explainRow(row)]).join("\n");
}

function explainRow(row: ProbedRow): readonly string[] {
  return Object.entries(row.why).flatMap(([party, witnesses]) => [
    ...witnesses.map(({ verdict, because, at, caller, key, when }) => {
      const who =
        caller?.subject == null ? "" : ` for ${caller.subject}${key === undefined ? "" : ` at key ${key.join("/")}`}`;
      const place = at === undefined ? "" : paint("dim", `, ${at}`);
      return `  ${party.padEnd(10)} ${paint(PAINTS[verdict] ?? "reset", verdict)} ${because}${place}${who}${when === undefined ? "" : ` (${when})`}`;
    }),
    ...(row.reads[party] === undefined
      ? []
      : [`  ${party.padEnd(10)} looks at ${row.reads[party].map((name) => `claim ${name}`).join(", ")}`]),
  ]);
}

function readJson(file: string, code: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CommandFailure(code, `${file} cannot be read as JSON.`, { where: file, cause: error, exitCode: 2 });
  }
}

function readStates(file: string): Readonly<Record<string, unknown>> {
  const states = readJson(file, "access.state");
  if (typeof states === "object" && states !== null && !Array.isArray(states)) return states as Record<string, unknown>;
  throw new CommandFailure("access.state", `${file} holds no states by actor name.`, {
    where: file,
    hint: 'Write it as { "chatRoom": { "messages": [] } }.',
    exitCode: 2,
  });
}

function assertStates({ config }: Registry, states: Readonly<Record<string, unknown>> | undefined): void {
  for (const name of Object.keys(states ?? {})) {
    if (config.actors.has(name)) continue;
    throw new CommandFailure("access.state", `There is no actor "${name}" to give a state to.`, {
      hint: `Actors: ${[...config.actors.keys()].join(", ")}.`,
      exitCode: 2,
    });
  }
}

function readLock(file: string, entry: string): AccessLock {
  const hint = `Record what is agreed: byward access ${entry} --write`;
  if (!existsSync(file)) throw new CommandFailure("access.no_lock", `${file} is not there.`, { where: file, hint });
  const lock = parseLock(readFileSync(file, "utf8"));
  if (lock === null) throw new CommandFailure("access.lock", `${file} is no access lock.`, { where: file, hint });
  return lock;
}

function check(before: AccessLock, after: AccessLock, flags: Flags): void {
  const changes = compareLocks(before, after);
  const widened = changes.filter(({ direction }) => direction === "widened");
  if (widened.length > 0) process.exitCode = 1;
  if (flags.json === true) {
    stdout(JSON.stringify({ ok: widened.length === 0, changes }, null, 2));
    return;
  }
  const marks = { widened: paint("red", "✗ wider "), narrowed: paint("green", "✓ narrower "), changed: "· other " };
  const show = ({ direction, entrypoint, party, from, to, sentence }: AccessChange): string =>
    `${marks[direction]} ${visible(sentence)}\n    ${paint("dim", visible(`${entrypoint} · ${party}: ${from} → ${to}`))}`;
  for (const change of [...widened, ...changes.filter((change) => !widened.includes(change))]) stdout(show(change));
  if (changes.length === 0) stdout(`${paint("green", "✓")} Access is as ${flags.lock} says.`);
  else if (widened.length > 0) stdout(`\nIf that is meant: byward access … --write, and have ${flags.lock} reviewed.`);
  else stdout(`\nNothing is wider. Record it: byward access … --write`);
}
