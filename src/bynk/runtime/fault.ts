/** Owns faults: what a Bynk program cannot answer for, such as a division by zero. Nobody outside learns more than 500. */

/** A fault of the program; never an `Err`. */
export class Fault extends Error {
  override readonly name = "Fault";
}

/** For places no value can reach. */
export function unreachable(): Fault {
  return new Fault("a value is none of the variants its type has");
}
