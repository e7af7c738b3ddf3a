/** Ten thousand lines of ordinary code, by processor time: the machine may have other things to do. */
import { expect, test } from "vitest";
import { createProject } from "../../../src/bynk/project.ts";
import { readPrograms } from "../support/corpus.ts";

/** The corpus again and again, each time under another first segment. */
function tenThousandLines(): ReadonlyMap<string, string> {
  const programs = readPrograms("corpus");
  const units = programs.flatMap(({ text }) =>
    Array.from(text.matchAll(/^(?:commons|context) ([\w.]+)/gm), (found) => found[1]),
  );
  const files = new Map<string, string>();
  for (let copy = 0, lines = 0; lines < 10_000; copy++) {
    for (const { path, text } of programs) {
      const moved = text
        .replace(/\b(commons|context|uses|consumes) ([\w.]+)/g, (whole, word, name) =>
          units.includes(name) ? `${word} copy${copy}.${name}` : whole,
        )
        .replace(/(?<![.\w])library\.(\w+)\.(?=\w)/g, `copy${copy}.library.$1.`);
      files.set(`src/copy${copy}/${path}`, moved);
      lines += moved.split("\n").length;
    }
  }
  return files;
}

function processorTime(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test("ten thousand lines are parsed and checked in well under a second, and an edit in a fraction of that", () => {
  const files = tenThousandLines();
  const project = createProject();
  for (const [path, text] of files) project.setFile(path, text);
  const whole = processorTime(() => expect(project.check().diagnostics).toEqual([]));
  const [path, text] = [...files][7] as [string, string];
  project.setFile(path, `${text}\n-- edited\n`);
  const edit = processorTime(() => expect(project.check().work.parsed).toEqual([path]));
  console.log(
    `checked ${files.size} files in ${whole.toFixed(0)} ms of processor time, an edit in ${edit.toFixed(0)} ms`,
  );
  expect(whole).toBeLessThan(2_000);
  expect(edit).toBeLessThan(whole / 2);
});
