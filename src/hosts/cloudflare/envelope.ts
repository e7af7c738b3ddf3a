/**
 * Owns how calls between objects answer: `{ ok }` or `{ err }` as text. Errors thrown across the platform's RPC lose their code
 * and name, and break the stub after some of them, so nothing is thrown across (Durable Objects, error handling).
 */
import { newCorrelationId } from "../../actors/failure.ts";
import { Refusal, UserError } from "../../boundary/errors.ts";
import type { RefusedOutcome } from "../../boundary/outcome.ts";
import { decode, encode } from "../../protocol/json.ts";
import { type Host, StoreError, type StoreFailure } from "../port.ts";

interface Failure {
  readonly kind: "refusal" | "user" | "store";
  readonly outcome?: RefusedOutcome;
  readonly reason?: string;
  readonly group?: string;
  readonly code: string;
  readonly message: string;
  readonly metadata?: unknown;
  readonly retryAfter?: number | undefined;
}

type Envelope = { readonly ok: unknown } | { readonly err: Failure };

/** Runs and puts what came of it into an envelope; what is nobody's business but the log's is logged here. Never rejects. */
export async function sealed(host: Host, run: () => unknown): Promise<string> {
  try {
    return encode({ ok: await run() } satisfies Envelope, "answer");
  } catch (error) {
    return sealedFailure(host, error);
  }
}

/** What a program puts into an error may have no form: then it is a fault, as an answer without one is. */
function sealedFailure(host: Host, error: unknown): string {
  try {
    return encode({ err: failureOf(host, error) } satisfies Envelope, "answer");
  } catch (formless) {
    return encode({ err: failureOf(host, formless) } satisfies Envelope, "answer");
  }
}

/** What was answered. Throws the Refusal, UserError or StoreError it ended with. */
export function opened(text: string): unknown {
  // Only `sealed` writes these.
  const envelope = decode(text) as Envelope;
  if ("ok" in envelope) return envelope.ok;
  const { kind, outcome, reason, group, code, message, metadata, retryAfter } = envelope.err;
  if (kind === "user") throw new UserError(message, { code, metadata });
  if (kind === "store") throw new StoreError(code as StoreFailure, message);
  throw new Refusal(outcome!, { reason: reason!, group: group!, code, message, metadata, retryAfter: retryAfter! });
}

function failureOf(host: Host, error: unknown): Failure {
  if (error instanceof UserError) {
    return { kind: "user", code: error.code, message: error.message, metadata: error.metadata };
  }
  if (error instanceof StoreError) return { kind: "store", code: error.code, message: error.message };
  const refusal = error instanceof Refusal ? error : new Refusal("fault", { reason: "handler.threw", cause: error });
  const { outcome, reason, group, code, message, metadata, retryAfter } = refusal;
  if (outcome === "fault") {
    const correlationId = newCorrelationId(host);
    host.log.error({ correlationId, reason, err: refusal.cause ?? refusal }, "an internal call failed");
  }
  return { kind: "refusal", outcome, reason, group, code, message, metadata, retryAfter };
}
