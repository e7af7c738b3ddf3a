/**
 * What must hold for every text there is: the parser returns, soon, with a tree that prints back to the source and
 * with places that lie inside it. BYWARD_FUZZ sets the number of inputs (default 10,000), BYWARD_FUZZ_SEED the seed.
 */
import { expect, test } from "vitest";
import { damagedProgram, deepNest, randomCharacters, tokenSoup } from "../../../tests/bynk/support/bad-source.ts";
import { readPrograms } from "../../../tests/bynk/support/corpus.ts";
import { createRandom } from "../../../tests/bynk/support/random.ts";
import { printLossless } from "../format/print-lossless.ts";
import type { Span } from "./ast.ts";
import { parseFile, type SyntaxTree } from "./parse.ts";

const inputs = Number(process.env["BYWARD_FUZZ"] ?? 10_000);
const firstSeed = Number(process.env["BYWARD_FUZZ_SEED"] ?? 1);
const slowest = 2_000;

const programs = [...readPrograms("corpus"), ...readPrograms("later-rings")].map((program) => program.text);

function makeInput(seed: number): string {
  const random = createRandom(seed);
  const kind = random.below(20);
  if (kind < 3) return randomCharacters(random);
  if (kind < 9) return tokenSoup(random);
  return kind < 19 ? damagedProgram(random, programs) : deepNest(random);
}

test(
  `${inputs} hostile texts parse without a throw, without a hang, without a lost character or a stray place`,
  () => {
    for (let seed = firstSeed; seed < firstSeed + inputs; seed++) {
      const problem = examine(makeInput(seed));
      if (problem !== undefined)
        expect.fail(`${problem}, seed ${seed}: ${JSON.stringify(makeInput(seed)).slice(0, 2_000)}`);
    }
    console.log(`${inputs} inputs from seed ${firstSeed}`);
  },
  Math.max(60_000, inputs * 10),
);

test("the check itself notices a lost character and a place outside its parent", () => {
  const tree = parseFile("a.bynk", "commons a\ntype A = Int\n");
  expect(findProblem({ ...tree, tokens: tree.tokens.slice(1) })).toBe("a character is lost");
  const outside = { ...tree.ast, units: tree.ast.units.map((unit) => ({ ...unit, span: { start: 0, end: 99 } })) };
  expect(findProblem({ ...tree, ast: outside })).toMatch(/^a place of a node/);
});

function examine(text: string): string | undefined {
  const start = performance.now();
  try {
    const tree = parseFile("src/a.bynk", text);
    const elapsed = performance.now() - start;
    return elapsed > slowest ? `took ${elapsed} ms` : findProblem(tree);
  } catch (error) {
    return `threw ${error instanceof Error ? error.stack : String(error)}`;
  }
}

function findProblem(tree: SyntaxTree): string | undefined {
  if (printLossless(tree) !== tree.source.text) return "a character is lost";
  const file = { start: 0, end: tree.source.text.length };
  for (const found of tree.diagnostics) {
    const edits = found.fixes.flatMap((fix) => fix.edits);
    const places = [found, ...found.labels, ...edits].map((place) => place.span);
    if (!places.every((place) => isInside(place, file))) return `a place of ${found.code} is outside the file`;
    if (found.line < 1 || found.column < 1) return `${found.code} has no position`;
  }
  return findStrayNode(tree.ast, file);
}

/** Walks every property of every node; a node lies inside its parent. */
function findStrayNode(value: unknown, parent: Span): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const span = "span" in value ? (value.span as Span) : parent;
  if (!isInside(span, parent)) return `a place of a node is outside its parent: ${JSON.stringify(value).slice(0, 300)}`;
  for (const [key, child] of Object.entries(value)) {
    // A doc block stands before the construct it documents.
    const problem = key === "span" || key === "doc" ? undefined : findStrayNode(child, span);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isInside(span: Span, outer: Span): boolean {
  return outer.start <= span.start && span.start <= span.end && span.end <= outer.end;
}
