/**
 * Owns calls between services and from actors: function calls through the gate with the caller minted by this channel (rulings
 * 6, 11, 24). There is no route, header or frame that leads here, so nothing from outside can be one.
 */
import { newCorrelationId } from "../actors/failure.ts";
import type { SealedCaller } from "../boundary/caller.ts";
import type { DeadlineClock } from "../boundary/deadline.ts";
import { Refusal } from "../boundary/errors.ts";
import { andThen, isPromise, type MaybePromise } from "../boundary/maybe-promise.ts";
import { validated } from "../boundary/schema.ts";
import type { InternalCaller } from "../boundary/scheme.ts";
import { decode, encode } from "../protocol/json.ts";
import { LazyAbort } from "./abort.ts";
import { CallInvocation, type ContextSource } from "./context.ts";
import type { CallEntry } from "./entrypoints.ts";
import { admit, type GateSource } from "./gate.ts";
import { internalPresentation } from "./internal-presentation.ts";
import { runHandler } from "./run.ts";

/**
 * Calls as `caller`; resolves to a copy of what the handler returned.
 * @throws Refusal, UserError, or what the handler threw
 */
export async function invokeCall(
  source: GateSource & ContextSource,
  entry: CallEntry,
  caller: InternalCaller,
  args: readonly unknown[],
): Promise<unknown> {
  const { host } = source.floor;
  const given = copy(args, "args") as readonly unknown[];
  const correlationId = newCorrelationId(host);
  const abort = new LazyAbort(() => null);
  const admitted = await admit(source, {
    entry,
    presentation: internalPresentation({ kind: "caller", caller }),
    started: host.clock.now(),
    correlationId,
    caller: null,
    createContext: (resolved: SealedCaller) =>
      new CallInvocation({ source, entry, caller: resolved, correlationId, abort, deliveryId: null }),
  });
  const input = readInput(entry, given, host.clock);
  const read = isPromise(input) ? await input : input;
  const current = isPromise(input) ? await admitted.inForce() : admitted;
  const run = { entry, admitted: current, abort, clock: host.clock, log: source.logOf(entry) };
  const output = await runHandler(run, read);
  return output === undefined ? undefined : copy(output, "result");
}

/** Values cross by copy, exactly as they would over a wire: neither side can change what the other holds. */
function copy(value: unknown, what: string): unknown {
  return decode(encode(value, what));
}

function readInput(entry: CallEntry, args: readonly unknown[], clock: DeadlineClock): MaybePromise<readonly unknown[]> {
  if (entry.input === null) return args;
  return andThen(validated(entry.input, args[0], clock, "call.input"), (result) => accepted(result, args));
}

function accepted(
  result: { readonly value?: unknown; readonly issues?: readonly { readonly message: string }[] | undefined },
  args: readonly unknown[],
): readonly unknown[] {
  if (result.issues === undefined) return [result.value, ...args.slice(1)];
  throw new Refusal("malformed", {
    reason: "call.input",
    message: "The input does not satisfy its schema",
    metadata: { issues: result.issues.map(({ message }) => ({ message })) },
  });
}
