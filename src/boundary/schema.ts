/**
 * Owns asking a schema of user code that may take its time (G1: what hangs past its deadline denies). Synchronous where the
 * schema is.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type DeadlineClock, EXPIRED, withDeadline } from "./deadline.ts";
import { Refusal } from "./errors.ts";
import { isPromise, type MaybePromise } from "./maybe-promise.ts";

/** What an asynchronous schema may take, as decisions may. */
export const SCHEMA_TIMEOUT_MS = 5000;

/**
 * What the schema makes of a value; the caller judges it. `what` names the step in the log, such as `action.input`.
 * @throws Refusal `fault`, later, where the schema did not answer in time
 */
export function validated(
  schema: StandardSchemaV1,
  value: unknown,
  clock: DeadlineClock,
  what: string,
): MaybePromise<StandardSchemaV1.Result<unknown>> {
  const result = schema["~standard"].validate(value);
  if (!isPromise(result)) return result;
  return withDeadline(result, SCHEMA_TIMEOUT_MS, clock).then((settled) => {
    if (settled !== EXPIRED) return settled;
    const cause = new Error(`The schema did not answer within ${SCHEMA_TIMEOUT_MS} ms.`);
    throw new Refusal("fault", { reason: `${what}.deadline`, cause });
  });
}
