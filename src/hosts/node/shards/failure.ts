/** Owns errors between threads: few kinds, as data, and back. What is neither a refusal nor a user's error is a fault. */
import { ConfigurationError, Refusal, UserError } from "../../../boundary/errors.ts";
import type { RefusedOutcome } from "../../../boundary/outcome.ts";
import { ActorError } from "../../../client/errors.ts";
import { decode, encode } from "../../../protocol/json.ts";
import { StoreError, type StoreFailure } from "../../port.ts";

export type ThreadFailure =
  | {
      readonly kind: "refusal";
      readonly outcome: RefusedOutcome;
      readonly reason: string;
      readonly group: string;
      readonly code: string;
      readonly message: string;
      readonly metadata: string | null;
      readonly retryAfter: number | undefined;
      readonly headers: Readonly<Record<string, string>> | undefined;
    }
  | { readonly kind: "user"; readonly code: string; readonly message: string; readonly metadata: string | null }
  | {
      readonly kind: "actor";
      readonly group: string;
      readonly code: string;
      readonly message: string;
      readonly metadata: string | null;
      readonly retryAfter: number | undefined;
      readonly correlationId: string | undefined;
    }
  | { readonly kind: "configuration"; readonly code: string; readonly message: string }
  | { readonly kind: "store"; readonly code: StoreFailure; readonly message: string }
  | { readonly kind: "error"; readonly name: string; readonly message: string; readonly stack: string | undefined };

export function failureOf(error: unknown): ThreadFailure {
  if (error instanceof Refusal) {
    const { outcome, reason, group, code, message, retryAfter, headers } = error;
    return {
      kind: "refusal",
      ...{ outcome, reason, group, code, message, retryAfter, headers },
      metadata: metadataOf(error.metadata),
    };
  }
  if (error instanceof UserError) {
    return { kind: "user", code: error.code, message: error.message, metadata: metadataOf(error.metadata) };
  }
  if (error instanceof ActorError) {
    const { group, code, message, retryAfter, correlationId } = error;
    return {
      kind: "actor",
      ...{ group, code, message, retryAfter, correlationId },
      metadata: metadataOf(error.metadata),
    };
  }
  if (error instanceof ConfigurationError) {
    return { kind: "configuration", code: error.code, message: error.message.replace(` [${error.code}]`, "") };
  }
  if (error instanceof StoreError) return { kind: "store", code: error.code, message: error.message };
  if (error instanceof Error) return { kind: "error", name: error.name, message: error.message, stack: error.stack };
  return { kind: "error", name: "Error", message: String(error), stack: undefined };
}

export function errorOf(failure: ThreadFailure): Error {
  switch (failure.kind) {
    case "refusal": {
      const { outcome, metadata, ...details } = failure;
      return new Refusal(outcome, { ...details, metadata: metadataFrom(metadata) });
    }
    case "user":
      return new UserError(failure.message, { code: failure.code, metadata: metadataFrom(failure.metadata) });
    case "actor": {
      const { group, code, message, metadata, retryAfter, correlationId } = failure;
      return new ActorError(group, code, message, { metadata: metadataFrom(metadata), retryAfter, correlationId });
    }
    case "configuration":
      return new ConfigurationError(failure.code, failure.message);
    case "store":
      return new StoreError(failure.code, failure.message);
    case "error": {
      const error = new Error(failure.message);
      error.name = failure.name;
      if (failure.stack !== undefined) error.stack = failure.stack;
      return error;
    }
  }
}

function metadataOf(metadata: unknown): string | null {
  if (metadata === undefined) return null;
  try {
    return encode(metadata);
  } catch {
    // It could not have gone over the wire either.
    return null;
  }
}

function metadataFrom(text: string | null): unknown {
  return text === null ? undefined : decode(text);
}
