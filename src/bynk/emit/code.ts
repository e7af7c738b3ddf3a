/** Pieces of emitted expressions: their text, how tightly it binds, and whether it may be evaluated later than it stands. */

export const Level = {
  assign: 2,
  conditional: 3,
  or: 4,
  and: 5,
  equality: 10,
  relation: 11,
  sum: 13,
  product: 14,
  unary: 16,
  primary: 20,
} as const;

export type LevelOf = (typeof Level)[keyof typeof Level];

export interface Code {
  readonly text: string;
  readonly level: LevelOf;
  /** Evaluating it has no effect and gives the same at any later time. */
  readonly stable: boolean;
}

export function code(text: string, level: LevelOf = Level.primary, stable = false): Code {
  return { text, level, stable };
}

/** A constant, or the name of something that does not change. */
export function stable(text: string, level: LevelOf = Level.primary): Code {
  return { text, level, stable: true };
}

/** A literal, of which TypeScript remembers the very value. */
export function isLiteral({ text }: Code): boolean {
  return /^(-?\d[\w.]*|"(?:[^"\\]|\\.)*"|true|false)$/.test(text);
}

/** The text, in parentheses unless it binds at least as tightly as `least`. */
export function at(least: LevelOf, { text, level }: Code): string {
  return level >= least ? text : `(${text})`;
}

/** An operand of an infix operator; the right one of a left-associative operator binds more tightly. */
export function infix(operator: string, level: LevelOf, left: Code, right: Code): Code {
  const tighter = (level + 1) as LevelOf;
  const associative = operator === "&&" || operator === "||";
  const text = `${at(level, left)} ${operator} ${at(associative ? level : tighter, right)}`;
  return { text, level, stable: left.stable && right.stable };
}

export function call(callee: string, args: readonly Code[]): Code {
  return code(`${callee}(${args.map((arg) => at(Level.assign, arg)).join(", ")})`);
}

/** A property of an object literal, in the short form where value and key are one name. */
export function property(key: string, value: string): string {
  return key === value ? key : `${key}: ${value}`;
}

export function not({ text, level, stable: steady }: Code): Code {
  return { text: `!${at(Level.unary, { text, level, stable: steady })}`, level: Level.unary, stable: steady };
}

/** A quoted text. */
export function quote(text: string): string {
  // Two separators are line breaks to tools older than JSON's superset.
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

/** Text between back ticks. */
export function templateText(text: string): string {
  return text
    .replace(/[\\`]|\$\{/g, (unit) => `\\${unit}`)
    .replace(/\r/g, "\\r")
    .replace(/[\u2028\u2029]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`)
    .replace(/\n/g, "\\n")
    .replace(/\t/g, "\\t");
}
