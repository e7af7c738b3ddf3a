/** Owns what follows the end of a link (`docs/wire.md` §8): one table, whatever happened. */
import { isCredentialRefusal } from "../errors.ts";
import type { LinkEnd } from "./link.ts";

/** `credential`: once more, with a fresh one. */
export type Disposition = "retry" | "credential" | "terminal";

/** Codes after which the same client would only be refused again. */
const TERMINAL: ReadonlySet<number> = new Set([1002, 1003, 1007, 1008, 1010, 3003]);

/** Errors from which a connection that never stood recovers by itself. */
const PASSING: ReadonlySet<string> = new Set(["overloaded", "unavailable", "internal_error", "timed_out"]);

export const dispositionOf = ({ code, error }: LinkEnd): Disposition => {
  if (code === 3000 || isCredentialRefusal(error)) return "credential";
  if (TERMINAL.has(code) || error.code === "invalid_endpoint") return "terminal";
  // The frame says more than the code where the link broke before the close arrived.
  if (error.group !== "client" && code === 1006) return PASSING.has(error.code) ? "retry" : "terminal";
  return "retry";
};
