/**
 * Owns the way of stored state into the shape the definition has now: migrate when it was written by an earlier
 * version, then let the declared schema check it. Nothing is lost: on any failure the stored text stays as it is and
 * the actor does not start.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { andThen, type MaybePromise } from "../../boundary/maybe-promise.ts";
import { decode } from "../../protocol/json.ts";
import { StateError } from "./state-error.ts";

/** `migrate: { version, up }` of a definition. */
export interface StateVersions {
  /** The version of the shape now; a whole number from 1. Definitions without `migrate` are at 1. */
  readonly version: number;
  /** Brings a state of version `from` to `version`, at once or step by step. Given a plain value it may change. */
  up(state: unknown, from: number): MaybePromise<unknown>;
}

export interface MigrationSource {
  readonly schema?: StandardSchemaV1 | undefined;
  readonly migrate?: StateVersions | undefined;
}

export interface MigratedState {
  readonly state: unknown;
  readonly version: number;
  /** True when `up` ran: state and version have to be stored with the next commit. */
  readonly migrated: boolean;
}

/**
 * Reads stored state. Synchronous unless `up` or the schema is not. A schema's output (defaults, transforms) is the
 * state from here on.
 * @throws StateError `newer_version` when a later definition wrote it, `invalid_shape` when the schema refuses it
 */
export function migrateState(text: string, from: number, source: MigrationSource): MaybePromise<MigratedState> {
  const version = source.migrate?.version ?? 1;
  if (from > version) {
    throw new StateError(
      "newer_version",
      "state",
      `the stored state has version ${from}, the definition version ${version}: deploy the later definition`,
    );
  }
  const stored = decode(text);
  const raised = source.migrate !== undefined && from < version ? source.migrate.up(stored, from) : stored;
  return andThen(raised, (state) =>
    andThen(checkShape(state, source.schema), (checked) => ({ state: checked, version, migrated: from < version })),
  );
}

/** What the schema makes of a state. @throws StateError `invalid_shape` when it refuses it */
export function checkShape(state: unknown, schema: StandardSchemaV1 | undefined): MaybePromise<unknown> {
  if (schema === undefined) return state;
  return andThen(schema["~standard"].validate(state), (result) => {
    if (result.issues === undefined) return result.value;
    const first = result.issues[0];
    const path = `state${(first?.path ?? []).map(shownSegment).join("")}`;
    const more = result.issues.length > 1 ? ` (and ${result.issues.length - 1} more)` : "";
    throw new StateError("invalid_shape", path, `${path} does not fit the schema: ${first?.message}${more}`);
  });
}

function shownSegment(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  const key = typeof segment === "object" ? segment.key : segment;
  return typeof key === "number" ? `[${key}]` : `.${String(key)}`;
}
