/** `cors`, `security` and `limits` of an http service (reference §12.5). */

import type { Expr, Policy, PolicyField } from "../../syntax/ast.ts";
import { isHeaderName } from "../actors/config.ts";
import type { CorsPolicy, SecurityPolicy } from "../model.ts";
import { reportUnknown } from "../suggest.ts";
import type { ServiceScope } from "./handler.ts";

type Section = Policy["section"]["text"];

export interface Policies {
  readonly cors: Omit<CorsPolicy, "readsAuthorization"> | undefined;
  readonly security: SecurityPolicy;
  readonly maxBody: number | undefined;
}

const fieldNames: { readonly [Name in Section]: readonly string[] } = {
  cors: ["origins", "headers", "credentials", "maxAge"],
  security: ["nosniff", "hsts"],
  limits: ["maxBody"],
};

const codes = {
  cors: {
    unknown: "bynk.http.cors_unknown_field",
    invalid: "bynk.http.cors_invalid_field",
    misplaced: "bynk.http.cors_not_http",
  },
  security: {
    unknown: "bynk.http.security_unknown_field",
    invalid: "bynk.http.security_invalid_field",
    misplaced: "bynk.http.security_not_http",
  },
  limits: {
    unknown: "bynk.http.limits_unknown_field",
    invalid: "bynk.http.limits_invalid_field",
    misplaced: "bynk.http.limits_not_http",
  },
} as const;

/** Reports policies on a service that is not http. */
export function refusePolicies(scope: Pick<ServiceScope, "unit" | "source" | "decl">): void {
  for (const policy of scope.decl.policies) {
    const section = policy.section.text;
    scope.unit.findings.report(scope.source, codes[section].misplaced, policy.section.span, { section });
  }
}

export function readPolicies(scope: ServiceScope): Policies {
  const of = (section: Section): Policy | undefined =>
    scope.decl.policies.find((policy) => policy.section.text === section);
  const cors = of("cors");
  const limits = of("limits");
  return {
    cors: cors && readCors(scope, cors),
    security: readSecurity(scope, of("security")),
    maxBody: limits && readMaxBody(scope, limits),
  };
}

type Fields = ReadonlyMap<string, Expr>;

/** The fields by name; unknown and repeated ones are reported. */
function openFields(scope: ServiceScope, policy: Policy): Fields {
  const section = policy.section.text;
  const fields = new Map<string, Expr>();
  for (const field of policy.fields) {
    const name = field.name.text;
    if (name === "") continue;
    if (!fieldNames[section].includes(name)) reportUnknownField(scope, section, field);
    else if (fields.has(name)) {
      const args = { field: name, section, wanted: "" };
      scope.unit.findings.report(scope.source, codes[section].invalid, field.name.span, args, { variant: "repeated" });
    } else fields.set(name, field.value);
  }
  return fields;
}

function reportUnknownField(scope: ServiceScope, section: Section, field: PolicyField): void {
  const known = fieldNames[section];
  reportUnknown(scope.unit.findings, {
    source: scope.source,
    span: field.name.span,
    name: field.name.text,
    code: codes[section].unknown,
    args: { name: field.name.text, section, known: known.map((name) => `\`${name}\``).join(", ") },
    known,
  });
}

/** The value of a field where `accept` takes it; what it refuses is reported in the words of `wanted`. */
function readField<Value>(
  scope: ServiceScope,
  section: Section,
  fields: Fields,
  name: string,
  wanted: string,
  accept: (value: Expr) => Value | undefined,
): Value | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  const accepted = accept(value);
  if (accepted === undefined && value.kind !== "ErrorExpr") {
    scope.unit.findings.report(scope.source, codes[section].invalid, value.span, { field: name, section, wanted });
  }
  return accepted;
}

function readCors(scope: ServiceScope, policy: Policy): Policies["cors"] {
  const fields = openFields(scope, policy);
  const origins = readOrigins(scope, policy, fields);
  const headers = readField(
    scope,
    "cors",
    fields,
    "headers",
    "a list of strings, each the name of a header",
    asHeaders,
  );
  const credentials = readField(scope, "cors", fields, "credentials", "`true` or `false`", asBool) ?? false;
  const maxAge = readField(scope, "cors", fields, "maxAge", "a duration of a second or more, `10.minutes`", asSeconds);
  if (credentials && origins?.includes("*")) {
    const span = fields.get("credentials")?.span ?? policy.section.span;
    scope.unit.findings.report(scope.source, "bynk.http.cors_wildcard_credentials", span, {});
  }
  return { origins: origins ?? [], headers, credentials, maxAgeSeconds: maxAge };
}

/** One or more literal origins, or exactly `["*"]`. */
function readOrigins(scope: ServiceScope, policy: Policy, fields: Fields): readonly string[] | undefined {
  const value = fields.get("origins");
  const origins = value && asTexts(value);
  const sound = origins !== undefined && origins.length > 0 && (origins.length === 1 || !origins.includes("*"));
  if (sound) return checkOrigins(scope, value, origins);
  const span = value?.span ?? policy.section.span;
  const variant = value === undefined ? "missing" : "default";
  scope.unit.findings.report(scope.source, "bynk.http.cors_invalid_origins", span, {}, { variant });
  return undefined;
}

/** What a browser never sends as its origin matches nobody. */
function checkOrigins(scope: ServiceScope, value: Expr | undefined, origins: readonly string[]): readonly string[] {
  const elements = value?.kind === "ListExpr" ? value.elements : [];
  for (const [index, origin] of origins.entries()) {
    const element = elements[index];
    if (element === undefined || origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin))
      continue;
    const args = { origin: JSON.stringify(origin) };
    scope.unit.findings.report(scope.source, "bynk.http.cors_invalid_origins", element.span, args, {
      variant: "notOrigin",
    });
  }
  return origins;
}

function readSecurity(scope: ServiceScope, policy: Policy | undefined): SecurityPolicy {
  if (policy === undefined) return { nosniff: true, hstsSeconds: undefined };
  const fields = openFields(scope, policy);
  const nosniff = readField(scope, "security", fields, "nosniff", "`true` or `false`", asBool) ?? true;
  const hsts = readField(scope, "security", fields, "hsts", "a duration of a second or more, `180.days`", asSeconds);
  return { nosniff, hstsSeconds: hsts };
}

function readMaxBody(scope: ServiceScope, policy: Policy): number | undefined {
  const fields = openFields(scope, policy);
  return readField(scope, "limits", fields, "maxBody", "a whole number of bytes above zero", asPositive);
}

function asTexts(value: Expr): readonly string[] | undefined {
  if (value.kind !== "ListExpr") return undefined;
  const texts = value.elements.flatMap((element) => (element.kind === "StringLiteral" ? [element.value] : []));
  return texts.length === value.elements.length ? texts : undefined;
}

function asBool(value: Expr): boolean | undefined {
  return value.kind === "BoolLiteral" ? value.value : undefined;
}

function asHeaders(value: Expr): readonly string[] | undefined {
  const names = asTexts(value);
  return names?.every((name) => isHeaderName(name)) ? names : undefined;
}

/** Whole seconds, at least one. */
function asSeconds(value: Expr): number | undefined {
  if (value.kind !== "DurationLiteral") return undefined;
  return Math.floor(value.milliseconds / 1000) || undefined;
}

function asPositive(value: Expr): number | undefined {
  return value.kind === "IntLiteral" && value.isSafe && value.value > 0 ? value.value : undefined;
}
