/** Owns codecs as Standard Schemas, so that the gate's own readers use them; and what a refused payload is told with. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { PayloadProblem } from "../../services/types.ts";
import { type BoundaryError, BoundaryFailure } from "./boundary-error.ts";
import type { Codec } from "./codec.ts";
import type { Refined } from "./refined.ts";

/** An issue that carries the whole finding. */
interface BoundaryIssue extends StandardSchemaV1.Issue {
  readonly boundary: BoundaryError;
}

function schemaOf<Input, Output>(read: (value: unknown) => Output): StandardSchemaV1<Input, Output> {
  return {
    "~standard": {
      version: 1,
      vendor: "byward",
      validate(value) {
        try {
          return { value: read(value) };
        } catch (error) {
          if (!(error instanceof BoundaryFailure)) throw error;
          const issue: BoundaryIssue = { message: error.message, boundary: error.error };
          return { issues: [issue] };
        }
      },
    },
  };
}

/** A payload: its wire form in, the value out. */
export function schema<T>(codec: Codec<T>): StandardSchemaV1<unknown, T> {
  return schemaOf((value) => codec.decode(value, "$"));
}

/** Path parameters, each by its own codec. */
export function pathParams<T extends object>(
  params: { readonly [Name in keyof T]: Codec<T[Name]> },
): StandardSchemaV1<unknown, T> {
  const entries = Object.entries(params) as [string, Codec<unknown>][];
  return schemaOf((value) => {
    const given = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(entries.map(([name, codec]) => [name, codec.decode(given[name], `path.${name}`)])) as T;
  });
}

/** A token's subject as a sealed identity; a subject that its type does not admit is nobody. */
export function identity<T extends string>(type: Pick<Refined<string, T>, "of">): StandardSchemaV1<string, T> {
  return {
    "~standard": {
      version: 1,
      vendor: "byward",
      validate(value) {
        const made = typeof value === "string" ? type.of(value) : undefined;
        if (made?.tag === "Ok") return { value: made.value };
        return { issues: [{ message: "the subject is not an identity" }] };
      },
    },
  };
}

/** What a peer is told about a payload that was refused. */
export function problem(found: PayloadProblem): Readonly<Record<string, unknown>> {
  if (found.kind === "too_large") {
    return { kind: "PayloadTooLarge", details: `request body exceeds ${found.limit} bytes` };
  }
  const [issue] = found.issues as readonly Partial<BoundaryIssue>[];
  return { ...(issue?.boundary ?? { kind: "MalformedJson", details: "Invalid request body" }) };
}
