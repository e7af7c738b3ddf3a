/** Sets of UTF-16 units as sorted, disjoint ranges. */

export type UnitSet = readonly (readonly [low: number, high: number])[];

const last = 0xffff;

export const everything: UnitSet = [[0, last]];

export function single(unit: number): UnitSet {
  return [[unit, unit]];
}

const digits: UnitSet = [[48, 57]];
const words: UnitSet = [...digits, [65, 90], [95, 95], [97, 122]];
const spaces: UnitSet = [
  ...([
    [9, 13],
    [32, 32],
    [0xa0, 0xa0],
    [0x1680, 0x1680],
    [0x2000, 0x200a],
  ] as const),
  ...([
    [0x2028, 0x2029],
    [0x202f, 0x202f],
    [0x205f, 0x205f],
    [0x3000, 0x3000],
    [0xfeff, 0xfeff],
  ] as const),
];

/** What `.` matches without flags: all but line ends. */
export const dot: UnitSet = negate([
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
]);

/** The set of `\d \w \s` and their opposites. */
export function classOf(letter: string): UnitSet | undefined {
  switch (letter) {
    case "d":
      return digits;
    case "w":
      return words;
    case "s":
      return spaces;
    case "D":
      return negate(digits);
    case "W":
      return negate(words);
    case "S":
      return negate(spaces);
    default:
      return undefined;
  }
}

export function union(sets: readonly UnitSet[]): UnitSet {
  const sorted = sets.flat().toSorted((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [low, high] of sorted) {
    const before = merged.at(-1);
    if (before !== undefined && low <= before[1] + 1) before[1] = Math.max(before[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

export function negate(set: UnitSet): UnitSet {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [low, high] of union([set])) {
    if (low > next) gaps.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= last) gaps.push([next, last]);
  return gaps;
}

export function areDisjoint(a: UnitSet, b: UnitSet): boolean {
  return a.every(([low, high]) => b.every(([otherLow, otherHigh]) => high < otherLow || otherHigh < low));
}
