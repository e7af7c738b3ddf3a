/**
 * Owns `cedar()`: a `canInvoke` that asks Cedar. Synchronous. Fail closed: an answer that Cedar could not determine, for whatever
 * reason, is an error of the decision, which is `internal_error` to the peer; it is never `true`.
 */
import { ConfigurationError } from "../boundary/errors.ts";
import type { CedarCall, CedarDiagnostic, CedarEngine } from "./engine.ts";
import { preparePolicies } from "./policies.ts";
import { type CedarContext, type CedarInvoke, questionOf } from "./request.ts";

export interface CedarOptions<C extends CedarContext = CedarContext> {
  /** The namespace of the schema in which parties, `Actor` and the actions are declared. Default: none. */
  readonly namespace?: string;
  /** Attributes of the resource that the schema declares and only the program knows, such as an owner in the state. */
  readonly resource?: (c: C, invoke: CedarInvoke) => Readonly<Record<string, unknown>>;
  /** Further members of the context. */
  readonly context?: (c: C, invoke: CedarInvoke) => Readonly<Record<string, unknown>>;
  /** The name of the service, where it is a service that asks. */
  readonly service?: string;
  /** What validation warns of, such as a policy that can never apply. Default `refuse`. */
  readonly warnings?: "refuse" | "ignore";
  /** `@cedar-policy/cedar-wasm`, initialised. Default on Node: the installed package. */
  readonly engine?: CedarEngine;
}

/** A `canInvoke`. */
export type CedarDecision<C extends CedarContext> = (c: C, invoke: CedarInvoke) => boolean;

/** `cedar()` with an engine for those who give none; null where there is none to give. */
export function createCedar(installed: CedarEngine | null) {
  return function cedar<C extends CedarContext = CedarContext>(
    policies: string,
    schema: string,
    options: CedarOptions<C> = {},
  ): CedarDecision<C> {
    const engine = options.engine ?? installed;
    if (engine === null) throw engineMissing();
    const { namespace = "", warnings = "refuse", service } = options;
    const { declared, policySetId, schemaName } = preparePolicies(engine, policies, schema, { namespace, warnings });
    return (c, invoke) => {
      const question = questionOf(declared, c, invoke, {
        resource: options.resource?.(c, invoke) ?? {},
        context: options.context?.(c, invoke) ?? {},
        service,
      });
      if (question === null) return false;
      return ask(engine, {
        ...question,
        preparsedSchemaName: schemaName,
        preparsedPolicySetId: policySetId,
        validateRequest: true,
      });
    };
  };
}

function engineMissing(): ConfigurationError {
  return new ConfigurationError(
    "cedar.engine_missing",
    "cedar(): @cedar-policy/cedar-wasm is not there. Install it, or give an initialised one as the option `engine`.",
  );
}

/** @throws Error where Cedar does not know */
function ask(engine: CedarEngine, call: CedarCall): boolean {
  const answer = engine.statefulIsAuthorized(call as never);
  if (answer.type !== "success") throw undetermined(answer.errors);
  const { decision, diagnostics } = answer.response;
  // Cedar passes over a policy that fails; a `forbid` that failed may have forbidden.
  if (diagnostics.errors.length > 0) throw undetermined(diagnostics.errors.map(({ error }) => error));
  return decision === "allow";
}

function undetermined(errors: readonly CedarDiagnostic[]): Error {
  return new Error(`Cedar could not decide: ${errors.map(({ message }) => message).join("; ")}`);
}
