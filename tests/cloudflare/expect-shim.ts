/**
 * Owns the few members of Vitest that the store suite uses, for a place where Vitest cannot run: the suite's tests are
 * collected here and run one by one in the Worker, their names are tests again outside.
 */

interface Collected {
  readonly name: string;
  readonly run: () => unknown;
}

export const collected: Collected[] = [];
let finishers: (() => unknown)[] = [];

export function test(name: string, run: () => unknown): void {
  collected.push({ name, run });
}
export function afterAll(): void {}
export function onTestFinished(run: () => unknown): void {
  finishers.push(run);
}

/** Runs a collected test; null when it passed, else what is wrong. */
export async function runCollected(name: string): Promise<string | null> {
  const found = collected.find((one) => one.name === name);
  if (found === undefined) return `There is no test "${name}"`;
  finishers = [];
  try {
    await found.run();
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
  } finally {
    for (const finish of finishers) await finish();
  }
}

type Check = (actual: unknown, expected: unknown) => boolean;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const plain = (value: unknown): unknown => (value instanceof Uint8Array ? { bytes: [...value] } : value);

/** As `toEqual`: members that are undefined count as absent. */
const equal: Check = (left, right) => {
  const [a, b] = [plain(left), plain(right)];
  if (!isObject(a) || !isObject(b)) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equal(a[key], b[key]));
};

/** As `toMatchObject`. */
const matches: Check = (actual, expected) => {
  if (!isObject(expected) || expected instanceof Uint8Array || !isObject(actual)) return equal(actual, expected);
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return false;
  }
  if (!Array.isArray(expected) && Object.keys(expected).length === 0) return Object.keys(actual).length === 0;
  return Object.keys(expected).every((key) => matches(actual[key], expected[key]));
};

const CHECKS = {
  toBe: Object.is,
  toEqual: equal,
  toMatchObject: matches,
  toBeNull: (actual) => actual === null,
  toHaveLength: (actual, expected) => (actual as { length: number }).length === expected,
  toContainEqual: (actual, expected) => (actual as unknown[]).some((one) => equal(one, expected)),
} satisfies Record<string, Check>;

type Checks = Record<keyof typeof CHECKS, (expected?: unknown) => void>;

function checksOf(actual: unknown, wanted: boolean): Checks {
  const entries = Object.entries(CHECKS).map(([name, check]) => [
    name,
    (expected: unknown) => {
      if (check(actual, expected) === wanted) return;
      throw new Error(`${wanted ? "" : "not "}${name}: ${JSON.stringify(actual)} against ${JSON.stringify(expected)}`);
    },
  ]);
  return Object.fromEntries(entries) as Checks;
}

export function expect(actual: unknown) {
  return {
    ...checksOf(actual, true),
    not: checksOf(actual, false),
    rejects: {
      toMatchObject: async (expected: unknown) => {
        let failure: unknown;
        try {
          await (actual as Promise<unknown>);
        } catch (error) {
          failure = error;
        }
        if (failure === undefined) throw new Error("rejects: it did not");
        checksOf(failure, true).toMatchObject(expected);
      },
    },
  };
}
