/** Owns what compiled handlers see of an invocation, and the check that it came through the gate (G3, G5). */
import { SealedCaller } from "../../boundary/caller.ts";
import { Refusal } from "../../boundary/errors.ts";
import type { ServiceContext } from "../../services/types.ts";

/** An invocation that the gate let through. */
export type Invocation = ServiceContext<unknown>;

/** Throws unless the invocation has a caller whom the boundary minted: an object made up elsewhere runs nothing. */
export function assertAdmitted(context: Invocation): void {
  if (!SealedCaller.isMinted(context?.caller)) {
    throw new Refusal("forbidden", { reason: "bynk.not_admitted" });
  }
}

/** Starts work nobody waits for. Its failure is logged, and closing waits for it. */
export function background(context: Invocation, work: Promise<void>): void {
  context.waitUntil(work);
}

/** The same where no invocation is at hand: in functions, and for values nobody wants. A failure is reported, not lost. */
export function detached(work: Promise<unknown>): void {
  work.catch((error: unknown) => report(error));
}

/** Node has no `reportError`; there an uncaught error ends the process, so it is only told. */
function report(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}

/**
 * Work that is begun now and awaited later, if the handler gets there. Whoever awaits it learns of its failure; where nobody
 * does, because something else failed first, it is no unhandled rejection, which would end the process.
 */
export function begun<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  return work;
}
