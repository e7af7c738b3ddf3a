/**
 * Owns predicates over verified claims: what a refinement requires beyond its base. A predicate reads own properties
 * only, so `hasClaim("constructor")` is not true for everybody, and it never throws.
 */
import { ConfigurationError } from "./errors.ts";

export type Claims = Readonly<Record<string, unknown>>;
export type ClaimScalar = string | number | boolean;

/** A predicate over verified claims; immutable. Combine with `.and`, `.or` and `.not`. */
export interface ClaimPredicate {
  /** As it would be written in code, such as `hasClaim("admin") && !claimEquals("status", "away")`. */
  readonly description: string;
  evaluate(claims: Claims): boolean;
  and(other: ClaimPredicate): ClaimPredicate;
  or(other: ClaimPredicate): ClaimPredicate;
  not(): ClaimPredicate;
}

/** How tightly the outermost operator of a description binds; decides where parentheses stand. */
type Binding = "or" | "and" | "unary";
const STRENGTH: Readonly<Record<Binding, number>> = Object.freeze({ or: 1, and: 2, unary: 3 });

class Predicate implements ClaimPredicate {
  readonly description: string;
  readonly #binding: Binding;
  readonly #test: (claims: Claims) => boolean;

  constructor(description: string, binding: Binding, test: (claims: Claims) => boolean) {
    this.description = description;
    this.#binding = binding;
    this.#test = test;
    Object.freeze(this);
  }

  static is(value: unknown): value is Predicate {
    return typeof value === "object" && value !== null && #test in value;
  }

  evaluate(claims: Claims): boolean {
    return this.#test(claims);
  }

  and(other: ClaimPredicate): ClaimPredicate {
    const right = ownPredicate(other, "and");
    return new Predicate(
      `${this.#within("and")} && ${right.#within("and")}`,
      "and",
      (claims) => this.#test(claims) && right.#test(claims),
    );
  }

  or(other: ClaimPredicate): ClaimPredicate {
    const right = ownPredicate(other, "or");
    return new Predicate(
      `${this.#within("or")} || ${right.#within("or")}`,
      "or",
      (claims) => this.#test(claims) || right.#test(claims),
    );
  }

  not(): ClaimPredicate {
    return new Predicate(`!${this.#within("unary")}`, "unary", (claims) => !this.#test(claims));
  }

  #within(outer: Binding): string {
    return STRENGTH[this.#binding] < STRENGTH[outer] ? `(${this.description})` : this.description;
  }
}

/** True for predicates made here. */
export function isClaimPredicate(value: unknown): value is ClaimPredicate {
  return Predicate.is(value);
}

/**
 * Holds when the verified credential has an own claim of this name whose value is truthy (not `false`, `0`, `""`,
 * `null`).
 *
 * @throws ConfigurationError `claims.name` when the name is not a non-empty string
 */
export function hasClaim(name: string): ClaimPredicate {
  const claim = ownName(name);
  return new Predicate(`hasClaim(${JSON.stringify(claim)})`, "unary", (claims) => Boolean(ownClaim(claims, claim)));
}

/**
 * Holds when the claim is strictly equal to `value`; `"1"` is not `1`, and a list that contains the value is not equal.
 *
 * @throws ConfigurationError `claims.name`, `claims.value`
 */
export function claimEquals(name: string, value: ClaimScalar): ClaimPredicate {
  const claim = ownName(name);
  const scalar = typeof value === "string" || typeof value === "boolean" || typeof value === "number";
  if (!scalar || Number.isNaN(value)) {
    throw new ConfigurationError("claims.value", "claimEquals() compares with a string, a number or a boolean.");
  }
  return new Predicate(
    `claimEquals(${JSON.stringify(claim)}, ${JSON.stringify(value)})`,
    "unary",
    (claims) => ownClaim(claims, claim) === value,
  );
}

function ownClaim(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function ownName(name: unknown): string {
  if (typeof name === "string" && name.length > 0) return name;
  throw new ConfigurationError("claims.name", "A claim is named by a non-empty string.");
}

function ownPredicate(value: unknown, operator: string): Predicate {
  if (Predicate.is(value)) return value;
  throw new ConfigurationError("claims.predicate", `.${operator}() takes a predicate made by hasClaim or claimEquals.`);
}
