/**
 * Owns arithmetic on `Int`, `Float`, `Duration` and `Instant`. An Int is a whole number that a double holds exactly: what
 * leaves ±(2^53−1), and a division by zero, is a fault rather than a number that is nearly right.
 */
import { Fault } from "./fault.ts";
import { None, type Option, Some } from "./option.ts";

/** The result of an operation on whole numbers, checked. */
export function int(value: number): number {
  if (!Number.isSafeInteger(value)) throw new Fault(`${value} is beyond what an Int holds`);
  // Minus zero is no Int of its own.
  return value + 0;
}

/** The quotient without its fraction. */
export function divide(dividend: number, divisor: number): number {
  if (divisor === 0) throw new Fault("an Int was divided by zero");
  return int(Math.trunc(dividend / divisor));
}

const INT = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Statics of `Int`. */
export const Int = {
  parse(text: string): Option<number> {
    const value = INT.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(value) ? Some(value + 0) : None;
  },
  clamp: (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high),
};

/** Statics and methods of `Float`. */
export const Float = {
  parse(text: string): Option<number> {
    const value = FLOAT.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(value) ? Some(value) : None;
  },
  clamp: Int.clamp,
};
