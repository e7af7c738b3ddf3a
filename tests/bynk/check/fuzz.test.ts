/**
 * Programs nobody would write, through the whole front end: never a throw, never a hang, every place inside its file.
 *
 * `BYNK_FUZZ=100000` runs more of them, `BYNK_SEED=n` repeats a run.
 */
import { expect, test } from "vitest";
import { check } from "../../../src/bynk/compile.ts";
import type { Diagnostic } from "../../../src/bynk/diagnostics/diagnostic.ts";
import { damagedProgram } from "../support/bad-source.ts";
import { readPrograms } from "../support/corpus.ts";
import { createRandom, type Random } from "../support/random.ts";
import { gapsOf } from "./case.ts";

const seed = Number(process.env["BYNK_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const rounds = Number(process.env["BYNK_FUZZ"] ?? 800);

const programs = readPrograms("corpus");
const all = [...programs, ...readPrograms("later-rings")];
const names = [...new Set(programs.flatMap(({ text }) => text.match(/[A-Za-z][A-Za-z0-9_]*/g) ?? []))];
const values = [
  "0",
  "-1",
  "1.5",
  '"x"',
  '"\\(a)"',
  "true",
  "None",
  "()",
  "5.minutes",
  "[]",
  "Ok(1)",
  "Some(x)",
  "self",
  "NotFound",
];
const operators = ["+", "-", "*", "/", "==", "<", "&&", "||", "implies", "is"];

type Files = Readonly<Record<string, string>>;

/** A program that mostly still parses: a few words stand where others stood. */
function confusedProgram(random: Random): string {
  const pieces = random.pick(programs).text.split(/("(?:[^"\\\n]|\\.)*"|[A-Za-z][A-Za-z0-9_]*|[0-9][0-9._]*|[-+*/<])/);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const index = random.below(pieces.length);
    const piece = pieces[index] ?? "";
    if (/^[A-Za-z]/.test(piece)) pieces[index] = random.pick([random.pick(names), random.pick(values)]);
    else if (/^[0-9"]/.test(piece)) pieces[index] = random.pick(values);
    else if (/^[-+*/<]$/.test(piece)) pieces[index] = random.pick(operators);
  }
  return pieces.join("");
}

/** One strange program at the place where it belongs, or anywhere, beside the corpus or alone. */
function strangeProject(random: Random): Files {
  const texts = all.map(({ text }) => text);
  const text = random.below(3) === 0 ? damagedProgram(random, texts) : confusedProgram(random);
  const name = /^(?:commons|context|adapter)\s+([\w.]+)/m.exec(text)?.[1] ?? "t";
  const path = random.below(8) === 0 ? "t.bynk" : `src/${name.replaceAll(".", "/")}.bynk`;
  const beside = random.below(6) === 0 ? programs : [];
  return { ...Object.fromEntries(beside.map((one) => [`src/${one.path}`, one.text])), [path]: text };
}

function isSound(diagnostic: Diagnostic, files: Files): boolean {
  const places = [diagnostic, ...diagnostic.labels, ...diagnostic.fixes.flatMap((fix) => fix.edits)];
  return places.every(({ path, span }) => {
    const length = files[path]?.length ?? (path.startsWith("bynk:") ? Number.POSITIVE_INFINITY : 0);
    return 0 <= span.start && span.start <= span.end && span.end <= length;
  });
}

test(`${rounds} strange programs are checked without a fault (seed ${seed})`, { timeout: 600_000 }, () => {
  const random = createRandom(seed);
  const seen = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    const files = strangeProject(random);
    const before = performance.now();
    const { diagnostics, program } = check({ files });
    const faults = diagnostics.filter((found) => found.code === "bynk.internal" || !isSound(found, files));
    expect({ seed, round, faults, files: faults.length > 0 ? files : {} }).toEqual({
      seed,
      round,
      faults: [],
      files: {},
    });
    expect({ seed, round, hangs: performance.now() - before > 2_000 }).toEqual({ seed, round, hangs: false });
    expect(program === undefined).toBe(diagnostics.some((found) => found.severity === "error"));
    expect({ seed, round, gaps: gapsOf(program) ?? [] }).toEqual({ seed, round, gaps: [] });
    for (const { code } of diagnostics) seen.add(code);
  }
  expect(seen.size).toBeGreaterThan(Math.min(60, rounds / 20));
});
