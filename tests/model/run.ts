/**
 * Owns one sequence: a definition and steps from a seed, done by the model and by the world, compared after each step.
 * The same seed gives the same sequence.
 */
import type { Definition, Presented, Step, View } from "./definition.ts";
import { Dice, generateDefinition, generateStep } from "./generate.ts";
import type { Library } from "./library.ts";
import { Model } from "./model.ts";
import { World } from "./world.ts";

export const STEPS = 20;
/** Presentations that may be presented again. */
const REMEMBERED = 6;

export interface Disagreement {
  readonly seed: number;
  /** Which part of what was seen differs, what the world showed and what the model says. */
  readonly what: string;
  readonly world: unknown;
  readonly model: unknown;
  readonly definition: Definition;
  readonly steps: readonly Step[];
}

/** What the sequences met, so that a test can ask that nothing is left out. */
export interface Coverage {
  readonly answers: Map<string, number>;
  steps: number;
  handlers: number;
}

export function newCoverage(): Coverage {
  return { answers: new Map(), steps: 0, handlers: 0 };
}

/** Null: they agree. */
export async function runSequence(
  library: Library,
  seed: number,
  coverage = newCoverage(),
): Promise<Disagreement | null> {
  const dice = new Dice(seed);
  const definition = generateDefinition(dice, seed);
  const world = await World.open(library, definition);
  const model = new Model(definition, world.clock.now());
  const steps: Step[] = [];
  const used: Presented[] = [];
  for (let count = 0; count < STEPS; count++) {
    const step = generateStep(dice, { definition, now: world.clock.now(), open: model.open, used });
    steps.push(step);
    if ("presented" in step && used.length < REMEMBERED) used.push(step.presented);
    const expected = model.step(step);
    const actual = await world.step(step);
    note(coverage, step, expected);
    const what = firstDifference(actual, expected);
    if (what !== null) return { seed, ...what, definition, steps };
  }
  return null;
}

function note(coverage: Coverage, step: Step, { seen, ran }: View): void {
  coverage.steps += 1;
  coverage.handlers += ran.length;
  if (seen.answer === null) return;
  const key = `${step.step} ${seen.answer}`;
  coverage.answers.set(key, (coverage.answers.get(key) ?? 0) + 1);
}

const PARTS = ["seen", "ran", "connects", "creates", "connections"] as const satisfies readonly (keyof View)[];

function firstDifference(world: View, model: View): { what: string; world: unknown; model: unknown } | null {
  for (const part of PARTS) {
    if (canonical(world[part]) !== canonical(model[part]))
      return { what: part, world: world[part], model: model[part] };
  }
  return null;
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

export function describe({ seed, what, world, model, definition, steps }: Disagreement): string {
  return [
    `seed ${seed}: ${what} differ after step ${steps.length}`,
    `  world: ${JSON.stringify(world)}`,
    `  model: ${JSON.stringify(model)}`,
    `  definition: ${JSON.stringify(definition)}`,
    ...steps.map((step, index) => `  ${index + 1}. ${JSON.stringify(step)}`),
  ].join("\n");
}
