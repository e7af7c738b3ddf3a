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

/** The same where no invocation is at hand: in functions. A failure is reported to the platform, not lost. */
export function detached(work: Promise<void>): void {
  work.catch((error: unknown) => reportError(error));
}
