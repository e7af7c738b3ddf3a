/** Owns the assertions of the conformance suite: it runs under any test runner, so it brings its own. */

/** @throws Error when the two are not equal as JSON */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: expected ${right}, got ${left}`);
}

export function assertThat(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

/** What a call was refused with, as `group/code`. @throws Error when it was not */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { group, code } = error as { readonly group?: unknown; readonly code?: unknown };
    if (typeof group === "string" && typeof code === "string") return `${group}/${code}`;
    throw error;
  }
  throw new Error("The call was not refused");
}

export async function assertRefused(call: Promise<unknown>, expected: string, what: string): Promise<void> {
  assertEqual(await refusalOf(call), expected, what);
}
