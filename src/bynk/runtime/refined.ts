/**
 * Owns refined and opaque types at run time: a base value with a brand, which `of` gives after its predicates hold. The
 * words of a violation are stable: they are part of what an API answers.
 */
import { Err, Ok, type Result } from "./result.ts";

declare const brand: unique symbol;

/** A value of `Base` that is known to be a `Name`; brands of several names live together. */
export type Branded<Base, Name extends string> = Base & { readonly [brand]: { readonly [Key in Name]: true } };

export interface ValidationError {
  /** The type's name. */
  readonly field: string;
  readonly message: string;
  readonly value: string;
}

/** One predicate of a `where`. */
export interface Predicate<Base> {
  readonly message: string;
  readonly holds: (value: Base) => boolean;
}

const predicate = <Base>(message: string, holds: (value: Base) => boolean): Predicate<Base> => ({ message, holds });

/** The predicates of the language. */
export const where = {
  nonNegative: (): Predicate<number> => predicate("must be non-negative", (value) => value >= 0),
  positive: (): Predicate<number> => predicate("must be positive", (value) => value > 0),
  inRange: (low: number, high: number): Predicate<number> =>
    predicate(`must be in range [${low}, ${high}]`, (value) => value >= low && value <= high),
  nonEmpty: (): Predicate<string> => predicate("must be non-empty", (value) => value.length > 0),
  minLength: (least: number): Predicate<string> =>
    predicate(`length must be at least ${least}`, (value) => value.length >= least),
  maxLength: (most: number): Predicate<string> =>
    predicate(`length must be at most ${most}`, (value) => value.length <= most),
  length: (exact: number): Predicate<string> =>
    predicate(`length must be exactly ${exact}`, (value) => value.length === exact),
  /** The whole value has to match. */
  matches(pattern: string): Predicate<string> {
    const whole = new RegExp(`^(?:${pattern})$`);
    return predicate(`must match /${pattern}/`, (value) => whole.test(value));
  },
};

export type BaseKind = "int" | "float" | "string" | "bool" | "duration" | "instant" | "bytes";

/** The part of a refined type's companion that the compiler brings. */
export interface Refined<Base, T extends Base> {
  /** The value as `T`, when every predicate holds; the first that fails otherwise. */
  readonly of: (value: Base) => Result<T, ValidationError>;
  /** True when every predicate holds. */
  readonly is: (value: Base) => boolean;
}

/** An opaque type's companion. */
export interface Opaque<Base, T extends Base> extends Refined<Base, T> {
  /** The value as `T`, unchecked; for the unit that owns the type. */
  readonly unsafe: (value: Base) => T;
}

function build<Base, T extends Base>(
  kind: BaseKind,
  name: string,
  predicates: readonly Predicate<Base>[],
  secret: boolean,
): Refined<Base, T> {
  const checks = [...baseChecks<Base>(kind), ...predicates];
  return {
    of(value) {
      const failed = checks.find((check) => !check.holds(value));
      // Opaque values are what a program keeps to itself, secrets among them: a violation does not repeat them.
      if (failed !== undefined) {
        return Err({ field: name, message: failed.message, value: secret ? "" : String(value) });
      }
      return Ok(value as T);
    },
    is: (value) => checks.every((check) => check.holds(value)),
  };
}

function baseChecks<Base>(kind: BaseKind): readonly Predicate<Base>[] {
  switch (kind) {
    case "int":
    case "duration":
    case "instant":
      return [predicate("must be a whole number", (value) => Number.isSafeInteger(value))];
    case "float":
      return [predicate("must be a finite number", (value) => Number.isFinite(value))];
    default:
      return [];
  }
}

type Maker<Base> = <T extends Base>(name: string, ...predicates: readonly Predicate<Base>[]) => Refined<Base, T>;
type OpaqueMaker<Base> = <T extends Base>(name: string, ...predicates: readonly Predicate<Base>[]) => Opaque<Base, T>;

const maker =
  <Base>(kind: BaseKind): Maker<Base> =>
  <T extends Base>(name: string, ...predicates: readonly Predicate<Base>[]) =>
    build<Base, T>(kind, name, predicates, false);

const opaqueMaker =
  <Base>(kind: BaseKind): OpaqueMaker<Base> =>
  <T extends Base>(name: string, ...predicates: readonly Predicate<Base>[]) => ({
    ...build<Base, T>(kind, name, predicates, true),
    unsafe: (value: Base) => value as T,
  });

/** Companions of refined types, by base. */
export const refined = {
  int: maker<number>("int"),
  float: maker<number>("float"),
  string: maker<string>("string"),
  bool: maker<boolean>("bool"),
  duration: maker<number>("duration"),
  instant: maker<number>("instant"),
  bytes: maker<Uint8Array>("bytes"),
};

/** Companions of opaque types, by base. */
export const opaque = {
  int: opaqueMaker<number>("int"),
  float: opaqueMaker<number>("float"),
  string: opaqueMaker<string>("string"),
  bool: opaqueMaker<boolean>("bool"),
  duration: opaqueMaker<number>("duration"),
  instant: opaqueMaker<number>("instant"),
  bytes: opaqueMaker<Uint8Array>("bytes"),
};

/** What stands between a value and the predicates of a field. */
export function violationOf<Base>(
  field: string,
  value: Base,
  predicates: readonly Predicate<Base>[],
): ValidationError | null {
  const failed = predicates.find((check) => !check.holds(value));
  return failed === undefined ? null : { field, message: failed.message, value: String(value) };
}
