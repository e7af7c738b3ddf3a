/**
 * The configuration of a scheme: every key known, once, and of the right kind (reference §13.3). A scheme whose seam
 * could not be built never becomes an actor: each `read…` gives undefined after it has reported.
 */
import { createFix } from "../../diagnostics/diagnostic.ts";
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { ActorConfig, SchemeActor, Span } from "../../syntax/ast.ts";
import type { Scheme, SchemeName } from "../model.ts";
import type { UnitState } from "../state.ts";
import { reportUnknown } from "../suggest.ts";

/** The keys each scheme takes. */
export const configKeys: { readonly [Name in SchemeName]: readonly string[] } = {
  None: [],
  Internal: [],
  Bearer: ["secret"],
  Signature: ["secret", "header", "timestamp", "tolerance"],
  Oidc: ["issuer", "audience", "jwks"],
};

export interface ConfigReader {
  readonly unit: UnitState;
  readonly source: SourceFile;
  readonly decl: SchemeActor;
  readonly scheme: SchemeName;
  readonly entries: ReadonlyMap<string, ActorConfig>;
}

/** Sorts the entries by key; unknown and repeated keys are reported. */
export function openConfig(
  unit: UnitState,
  source: SourceFile,
  decl: SchemeActor,
  scheme: SchemeName,
): { reader: ConfigReader; sound: boolean } {
  const entries = new Map<string, ActorConfig>();
  let sound = true;
  for (const config of decl.config) {
    const key = config.key.text;
    const first = entries.get(key);
    if (key === "") sound = false;
    else if (!configKeys[scheme].includes(key)) {
      sound = false;
      reportUnknownKey(unit, source, config, scheme);
    } else if (first !== undefined) {
      sound = false;
      const related = [{ source, span: first.key.span, message: "first given here" }];
      unit.findings.report(source, "bynk.actor.duplicate_config_key", config.key.span, { key, scheme }, { related });
    } else entries.set(key, config);
  }
  return { reader: { unit, source, decl, scheme, entries }, sound };
}

function reportUnknownKey(unit: UnitState, source: SourceFile, config: ActorConfig, scheme: SchemeName): void {
  const keys = configKeys[scheme];
  const known = keys.length === 0 ? "takes no configuration" : `takes ${keys.map((key) => `\`${key}\``).join(", ")}`;
  reportUnknown(unit.findings, {
    source,
    span: config.key.span,
    name: config.key.text,
    code: "bynk.actor.unknown_config_key",
    args: { key: config.key.text, scheme, known },
    known: keys,
  });
}

type MissingCode =
  | "bynk.actor.bearer_missing_secret"
  | "bynk.actor.signature_missing_secret"
  | "bynk.actor.signature_missing_header"
  | "bynk.actor.oidc_missing_issuer"
  | "bynk.actor.oidc_missing_audience"
  | "bynk.actor.oidc_missing_jwks";

/** A key that must be there and be text. */
function readRequired(reader: ConfigReader, key: string, code: MissingCode): { text: string; span: Span } | undefined {
  const { unit, source, decl, entries } = reader;
  const config = entries.get(key);
  const args = { actor: decl.name.text };
  if (config === undefined) unit.findings.report(source, code, decl.scheme.span, args);
  else if (config.value.kind === "StringLiteral") return { text: config.value.value, span: config.value.span };
  else if (config.value.kind !== "ErrorExpr") {
    unit.findings.report(source, code, config.value.span, args, { variant: "notText" });
  }
  return undefined;
}

const variableName = /^[A-Z][A-Z0-9_]*$/;

/** The name of an environment variable. What does not look like one may be the key itself and is never repeated. */
export function readSecret(reader: ConfigReader, code: MissingCode): string | undefined {
  const found = readRequired(reader, "secret", code);
  if (found === undefined || variableName.test(found.text)) return found?.text;
  reader.unit.findings.report(reader.source, "bynk.actor.bad_secret_name", found.span, {});
  return undefined;
}

/** RFC 9110 §5.6.2: a field name is a token. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export function isHeaderName(text: string): boolean {
  return headerName.test(text);
}

export function readHeader(reader: ConfigReader): string | undefined {
  const found = readRequired(reader, "header", "bynk.actor.signature_missing_header");
  return found && checkHeader(reader, found.text, found.span);
}

function checkHeader(reader: ConfigReader, text: string, span: Span): string | undefined {
  if (isHeaderName(text)) return text;
  reader.unit.findings.report(reader.source, "bynk.actor.bad_header_name", span, { written: JSON.stringify(text) });
  return undefined;
}

/** The header of the signed time. `sound` is false when it was given and cannot be used. */
export function readTimestamp(reader: ConfigReader): { name: string | undefined; sound: boolean } {
  const config = reader.entries.get("timestamp");
  if (config === undefined) return { name: undefined, sound: true };
  if (config.value.kind !== "StringLiteral") {
    reportWrongKind(reader, config, "the name of a header, as text");
    return { name: undefined, sound: false };
  }
  const name = checkHeader(reader, config.value.value, config.value.span);
  return { name, sound: name !== undefined };
}

function reportWrongKind(reader: ConfigReader, config: ActorConfig, wanted: string): void {
  if (config.value.kind === "ErrorExpr") return;
  const args = { key: config.key.text, scheme: reader.scheme, wanted };
  reader.unit.findings.report(reader.source, "bynk.actor.config_wrong_kind", config.value.span, args);
}

/** Seconds in a day: the longest window the boundary keeps. */
const longestTolerance = 86_400;

/** Seconds between the signed time and now that are still accepted. */
export function readTolerance(reader: ConfigReader): { seconds: number | undefined; sound: boolean } {
  const config = reader.entries.get("tolerance");
  if (config === undefined) return { seconds: undefined, sound: true };
  const { unit, source, decl } = reader;
  const seconds = wholeNumber(config);
  if (seconds === undefined) reportWrongKind(reader, config, "a whole number of seconds");
  else if (seconds <= 0) unit.findings.report(source, "bynk.actor.bad_tolerance", config.value.span, { seconds });
  else if (seconds > longestTolerance) {
    const args = { seconds, longest: longestTolerance };
    unit.findings.report(source, "bynk.actor.bad_tolerance", config.value.span, args, { variant: "long" });
  }
  if (!reader.entries.has("timestamp")) {
    const fixes = [createFix(source, "add the timestamp's header", [timestampEdit(config)])];
    const args = { actor: decl.name.text };
    unit.findings.report(source, "bynk.actor.signature_tolerance_without_timestamp", config.key.span, args, { fixes });
    return { seconds: undefined, sound: false };
  }
  return { seconds, sound: seconds !== undefined && seconds > 0 && seconds <= longestTolerance };
}

function timestampEdit(config: ActorConfig): { span: Span; text: string } {
  const { start } = config.span;
  return { span: { start, end: start }, text: 'timestamp = "X-Timestamp", ' };
}

function wholeNumber(config: ActorConfig): number | undefined {
  const { value } = config;
  if (value.kind === "IntLiteral") return value.value;
  const negated = value.kind === "UnaryExpr" && value.operator === "-" && value.operand.kind === "IntLiteral";
  return negated && value.operand.kind === "IntLiteral" ? -value.operand.value : undefined;
}

export function readOidc(reader: ConfigReader): Scheme | undefined {
  const issuer = readRequired(reader, "issuer", "bynk.actor.oidc_missing_issuer");
  const audience = readRequired(reader, "audience", "bynk.actor.oidc_missing_audience");
  const jwks = readRequired(reader, "jwks", "bynk.actor.oidc_missing_jwks");
  const { unit, source, decl } = reader;
  let sound = true;
  if (jwks !== undefined && !isProvider(jwks.text)) {
    sound = false;
    unit.findings.report(source, "bynk.actor.oidc_bad_url", jwks.span, {});
  }
  if (issuer !== undefined && !isProvider(issuer.text)) {
    sound = false;
    unit.findings.report(source, "bynk.actor.oidc_bad_url", issuer.span, {}, { variant: "issuer" });
  }
  if (audience?.text === "") {
    sound = false;
    const args = { actor: decl.name.text };
    unit.findings.report(source, "bynk.actor.oidc_missing_audience", audience.span, args);
  }
  if (!sound || issuer === undefined || audience === undefined || jwks === undefined) return undefined;
  return { kind: "Oidc", issuer: issuer.text, audience: audience.text, jwks: jwks.text };
}

/** An https URL without user, password or fragment. */
function isProvider(text: string): boolean {
  if (!text.startsWith("https://") || !URL.canParse(text)) return false;
  const { username, password, hash } = new URL(text);
  return username === "" && password === "" && hash === "";
}
