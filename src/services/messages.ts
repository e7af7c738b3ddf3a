/** Owns handing a queued message to its consumer, as `Producer` through the gate. What is thrown redelivers. */
import { newCorrelationId } from "../actors/failure.ts";
import type { SealedCaller } from "../boundary/caller.ts";
import { LazyAbort } from "./abort.ts";
import { type ContextSource, MessageInvocation } from "./context.ts";
import type { QueueConsumer } from "./entrypoints.ts";
import { admit, type GateSource } from "./gate.ts";
import { internalPresentation } from "./internal-presentation.ts";
import { ack, retry } from "./queue-result.ts";
import { runHandler } from "./run.ts";
import type { QueueResult, ServiceMessage } from "./types.ts";

/** Handles one delivery. Never rejects: a failure is a retry, and logged. */
export async function deliverMessage(
  source: GateSource & ContextSource,
  entry: QueueConsumer,
  message: ServiceMessage,
): Promise<QueueResult> {
  const { host } = source.floor;
  const log = source.logOf(entry);
  const correlationId = newCorrelationId(host);
  const abort = new LazyAbort(() => null);
  const where = { queue: entry.name, message: message.id, attempt: message.attempt, correlationId };
  try {
    const admitted = await admit(source, {
      entry,
      presentation: internalPresentation({ kind: "producer", subject: `${entry.service.name}/${entry.name}` }),
      started: host.clock.now(),
      correlationId,
      caller: null,
      createContext: (caller: SealedCaller) =>
        new MessageInvocation({ source, entry, caller, correlationId, abort, deliveryId: null }),
    });
    const result = await runHandler({ entry, admitted, abort, clock: host.clock, log }, [message]);
    if (!isRetry(result)) return ack();
    log.warn({ ...where, reason: result.reason }, "a message is to come again");
    return result;
  } catch (error) {
    log.error({ ...where, err: error }, "a message could not be handled; it comes again");
    return retry("the handler threw");
  }
}

function isRetry(result: unknown): result is Extract<QueueResult, { status: "retry" }> {
  return typeof result === "object" && result !== null && (result as { status?: unknown }).status === "retry";
}
