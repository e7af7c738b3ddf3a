/** Owns what leaves as an event: validation by the declared schema, and one encoding for all its subscribers. */
import { Refusal } from "../boundary/errors.ts";
import { isPromise } from "../boundary/maybe-promise.ts";
import type { SharedFrame } from "../hosts/port.ts";
import { jsonCodec } from "../protocol/codec.ts";
import { decode, encode } from "../protocol/json.ts";
import type { Outgoing } from "./connection.ts";
import type { CompiledActor } from "./entrypoints.ts";
import { untracked } from "./state.ts";

/**
 * The arguments to send: what the schema made of them, where one is declared.
 * @throws Refusal `event/invalid_payload` (a fault of the actor's own code), `feature/unsupported` for an async schema
 */
export function validateEvent(compiled: CompiledActor, name: string, args: readonly unknown[]): readonly unknown[] {
  const schema = compiled.events?.get(name)?.token.schema;
  if (schema === undefined || schema === null) return args;
  const payload = args.length === 1 ? args[0] : args;
  const result = schema["~standard"].validate(payload);
  if (isPromise(result)) {
    throw new Refusal("fault", { reason: "event.async_schema", group: "feature", code: "unsupported" });
  }
  if (result.issues !== undefined) {
    throw new Refusal("malformed", {
      reason: "event.invalid_payload",
      group: "event",
      code: "invalid_payload",
      message: `The payload of event "${name}" does not satisfy its schema`,
      metadata: { name, issues: result.issues.map(({ message, path }) => ({ message, path: path?.map(String) })) },
    });
  }
  return args.length === 1 ? [result.value] : Array.isArray(result.value) ? result.value : [result.value];
}

/** Encodes an event at most once per encoding, when its first subscriber needs it. */
export function encodeEvent(name: string, args: readonly unknown[], limit: number): Outgoing {
  const argsText = encode(untracked(args), "event");
  const text = `{"t":"event","name":${JSON.stringify(name)},"args":${argsText}}`;
  if (text.length > limit) {
    throw new Refusal("too_large", {
      reason: "event.too_long",
      code: "outgoing_too_long",
      message: `The event "${name}" has ${text.length} bytes; at most ${limit} may leave`,
    });
  }
  const shared: SharedFrame = { data: text };
  let other: SharedFrame | null = null;
  return {
    name,
    argsText: () => argsText,
    shared: (codec) => {
      if (codec === jsonCodec) return shared;
      // From the text, not from `args`: those may have changed since.
      other ??= { data: codec.encode(decode(text), "event") };
      return other;
    },
  };
}
