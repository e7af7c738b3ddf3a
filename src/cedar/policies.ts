/**
 * Owns policies and schema at setup: parsed, and the policies validated against the schema, before anybody is asked. A policy
 * that can never apply is refused as well: what is misspelled in a `forbid` would let in.
 */
import { ConfigurationError } from "../boundary/errors.ts";
import type { CedarDiagnostic, CedarEngine } from "./engine.ts";
import { type DeclaredSchema, readSchema } from "./schema.ts";

export interface PreparedPolicies {
  readonly declared: DeclaredSchema;
  readonly policySetId: string;
  readonly schemaName: string;
}

let prepared = 0;

/** @throws ConfigurationError `cedar.schema_invalid`, `cedar.policies_invalid`, `cedar.namespace` */
export function preparePolicies(
  engine: CedarEngine,
  policies: string,
  schema: string,
  { namespace, warnings }: { readonly namespace: string; readonly warnings: "refuse" | "ignore" },
): PreparedPolicies {
  const parsedSchema = engine.checkParseSchema(schema);
  if (parsedSchema.type === "failure") throw invalid("schema", schema, parsedSchema.errors);
  const parsed = engine.checkParsePolicySet({ staticPolicies: policies });
  if (parsed.type === "failure") throw invalid("policies", policies, parsed.errors);
  const validated = engine.validate({ schema, policies: { staticPolicies: policies } });
  if (validated.type === "failure") throw invalid("policies", policies, validated.errors);
  const found = [...validated.validationErrors, ...(warnings === "refuse" ? validated.validationWarnings : [])];
  if (found.length > 0)
    throw invalid(
      "policies",
      policies,
      found.map(({ error }) => error),
    );
  const json = engine.schemaToJson(schema);
  if (json.type === "failure") throw invalid("schema", schema, json.errors);
  const declared = readSchema(json.json, namespace);
  // The engine keeps what it has parsed by name; no two actors share one.
  prepared += 1;
  const name = `byward ${prepared}`;
  engine.preparseSchema(name, schema);
  engine.preparsePolicySet(name, { staticPolicies: policies });
  return { declared, policySetId: name, schemaName: name };
}

function invalid(
  what: "schema" | "policies",
  text: string,
  diagnostics: readonly CedarDiagnostic[],
): ConfigurationError {
  const sentences = diagnostics.map((diagnostic) => sentenceOf(what, text, diagnostic));
  return new ConfigurationError(`cedar.${what}_invalid`, `cedar(): ${sentences.join("; ")}.`);
}

function sentenceOf(what: string, text: string, { message, help, sourceLocations }: CedarDiagnostic): string {
  const [location] = sourceLocations ?? [];
  const label = location?.label ?? null;
  const hint = [label, help ?? null].filter((part) => part !== null).join(", ");
  const place = location === undefined ? what : `${what}, ${placeOf(text, location.start)}`;
  return `${place}: ${message}${hint === "" ? "" : ` (${hint})`}`;
}

/** Offsets of Cedar are in bytes. */
function placeOf(text: string, offset: number): string {
  const before = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, offset));
  const lines = before.split("\n");
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}
