/**
 * Owns what is needed of Cedar: the part of `@cedar-policy/cedar-wasm` that is called here, written down so that the package
 * stays optional, for types too. All of it is synchronous.
 */

/** A diagnostic of Cedar; positions are in bytes of UTF-8. */
export interface CedarDiagnostic {
  readonly message: string;
  readonly help?: string | null;
  readonly sourceLocations?: readonly { readonly start: number; readonly label: string | null }[];
}

export type CedarValue = boolean | number | string | readonly CedarValue[] | { readonly [key: string]: CedarValue };
export type CedarRecord = Readonly<Record<string, CedarValue>>;

export interface CedarUid {
  readonly type: string;
  readonly id: string;
}
export interface CedarEntity {
  readonly uid: CedarUid;
  readonly attrs: CedarRecord;
  readonly parents: readonly CedarUid[];
}

/** A question, over policies and a schema that were prepared. */
export interface CedarCall {
  readonly principal: CedarUid;
  readonly action: CedarUid;
  readonly resource: CedarUid;
  readonly context: CedarRecord;
  readonly entities: readonly CedarEntity[];
  readonly preparsedSchemaName: string;
  readonly preparsedPolicySetId: string;
  readonly validateRequest: true;
}

interface Failure {
  readonly type: "failure";
  readonly errors: readonly CedarDiagnostic[];
}
export type CedarParsed = { readonly type: "success" } | Failure;
export type CedarAnswer =
  | Failure
  | {
      readonly type: "success";
      readonly response: {
        readonly decision: "allow" | "deny";
        readonly diagnostics: {
          readonly errors: readonly { readonly policyId: string; readonly error: CedarDiagnostic }[];
        };
      };
    };
export type CedarValidated =
  | Failure
  | {
      readonly type: "success";
      readonly validationErrors: readonly { readonly policyId: string; readonly error: CedarDiagnostic }[];
      readonly validationWarnings: readonly { readonly policyId: string; readonly error: CedarDiagnostic }[];
    };

/** `@cedar-policy/cedar-wasm` 4, as far as it is used: the module itself fits. */
export interface CedarEngine {
  checkParseSchema(schema: string): CedarParsed;
  checkParsePolicySet(policies: { staticPolicies: string }): CedarParsed;
  validate(call: { schema: string; policies: { staticPolicies: string } }): CedarValidated;
  schemaToJson(schema: string): { readonly type: "success"; readonly json: unknown } | Failure;
  preparseSchema(name: string, schema: string): CedarParsed;
  preparsePolicySet(id: string, policies: { staticPolicies: string }): CedarParsed;
  // Its own parameter type is of mutable arrays; nothing given to it is changed.
  statefulIsAuthorized(call: never): CedarAnswer;
}
