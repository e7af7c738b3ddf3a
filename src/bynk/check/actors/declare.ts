/** Actors: who may enter, proved how, and known as what (reference §13.2–§13.4, §13.7). */
import { createFix, type Fix } from "../../diagnostics/diagnostic.ts";
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { RefinementActor, SchemeActor } from "../../syntax/ast.ts";
import type { Actor, DeclaredActor, PreludeActor, Scheme, SchemeName, Type } from "../model.ts";
import type { UnitState } from "../state.ts";
import { reportUnknown } from "../suggest.ts";
import { resolveTypeRef } from "../type-refs.ts";
import { baseType, isStringConstructible, printType } from "../types.ts";
import { readClaims } from "./claims.ts";
import { configKeys, openConfig, readHeader, readOidc, readSecret, readTimestamp, readTolerance } from "./config.ts";

const internal: Scheme = { kind: "Internal" };

function prelude(name: PreludeActor["name"], scheme: Scheme, identity?: Type): [string, PreludeActor] {
  return [name, { kind: "prelude", name, scheme, identity }];
}

/** Actors that are there without a declaration. */
export const preludeActors: ReadonlyMap<string, PreludeActor> = new Map([
  prelude("Visitor", { kind: "None" }),
  prelude("Scheduler", internal),
  prelude("Producer", internal),
  prelude("Caller", internal, baseType.String),
  prelude("Publisher", internal),
]);

/** Resolves the unit's actors. One that is wrong is reported and leaves a name that no rule is checked for. */
export function resolveActors(unit: UnitState): void {
  const actors: Actor[] = [];
  const located = [...unit.own.actors.values()];
  for (const { source, node } of located) {
    if (preludeActors.has(node.name.text)) {
      unit.findings.report(source, "bynk.actor.shadows_prelude", node.name.span, { name: node.name.text });
    }
    if (node.kind !== "SchemeActor") continue;
    const actor = resolveScheme(unit, source, node);
    if (actor !== undefined) actors.push(actor);
  }
  for (const actor of actors) unit.scope.actors.set(actor.name, actor);
  for (const { source, node } of located) {
    if (node.kind !== "RefinementActor") continue;
    const actor = resolveRefinement(unit, source, node);
    if (actor !== undefined) actors.push(actor);
  }
  for (const actor of actors) unit.scope.actors.set(actor.name, actor);
  unit.model.actors = located.flatMap(({ node }) => unit.scope.actors.get(node.name.text) ?? []);
}

function resolveScheme(unit: UnitState, source: SourceFile, decl: SchemeActor): DeclaredActor | undefined {
  const name = schemeNamed(decl.scheme.text);
  if (name === undefined) {
    if (decl.scheme.text !== "") reportUnknownScheme(unit, source, decl);
    return undefined;
  }
  const { reader, sound } = openConfig(unit, source, decl, name);
  const scheme = readScheme(reader);
  const identity = checkIdentity(unit, source, decl, name);
  if (!sound || scheme === undefined || identity === "wrong") return undefined;
  return { kind: "declared", name: decl.name.text, scheme, identity, source, decl };
}

function schemeNamed(text: string): SchemeName | undefined {
  // The keys of the table are the names of the schemes.
  return Object.hasOwn(configKeys, text) ? (text as SchemeName) : undefined;
}

function reportUnknownScheme(unit: UnitState, source: SourceFile, decl: SchemeActor): void {
  reportUnknown(unit.findings, {
    source,
    span: decl.scheme.span,
    name: decl.scheme.text,
    code: "bynk.actor.unknown_scheme",
    args: { name: decl.scheme.text },
    known: Object.keys(configKeys),
  });
}

function readScheme(reader: ReturnType<typeof openConfig>["reader"]): Scheme | undefined {
  switch (reader.scheme) {
    case "None":
    case "Internal":
      return { kind: reader.scheme };
    case "Bearer": {
      const secret = readSecret(reader, "bynk.actor.bearer_missing_secret");
      return secret === undefined ? undefined : { kind: "Bearer", secret };
    }
    case "Signature":
      return readSignature(reader);
    case "Oidc":
      return readOidc(reader);
  }
}

function readSignature(reader: Parameters<typeof readScheme>[0]): Scheme | undefined {
  const secret = readSecret(reader, "bynk.actor.signature_missing_secret");
  const header = readHeader(reader);
  const timestamp = readTimestamp(reader);
  const tolerance = readTolerance(reader);
  if (secret === undefined || header === undefined || !timestamp.sound || !tolerance.sound) return undefined;
  return { kind: "Signature", secret, header, timestamp: timestamp.name, tolerance: tolerance.seconds };
}

/** The identity that the scheme supplies. */
function checkIdentity(
  unit: UnitState,
  source: SourceFile,
  decl: SchemeActor,
  scheme: SchemeName,
): Type | undefined | "wrong" {
  const { identity } = decl;
  const args = { actor: decl.name.text };
  const type = identity && resolveTypeRef(unit, source, identity);
  if (scheme === "Bearer" || scheme === "Oidc") return checkMinted(unit, source, decl, scheme, type);
  if (scheme !== "Signature" || identity === undefined) return undefined;
  const fixes = removeIdentity(source, decl);
  unit.findings.report(source, "bynk.actor.signature_identity_unsupported", identity.span, args, { fixes });
  return "wrong";
}

/** Removes `, identity = T`, unless something else stands in between. */
function removeIdentity(source: SourceFile, decl: SchemeActor): readonly Fix[] {
  if (decl.identity === undefined) return [];
  const { start, end } = decl.identity.span;
  const comma = source.text.lastIndexOf(",", start);
  if (comma < decl.scheme.span.end || !/^,\s*identity\s*=\s*$/.test(source.text.slice(comma, start))) return [];
  return [createFix(source, "remove the identity", [{ span: { start: comma, end }, text: "" }])];
}

/** A token's subject is text, so its identity is a type of the context's own that is made from text. */
function checkMinted(
  unit: UnitState,
  source: SourceFile,
  decl: SchemeActor,
  scheme: "Bearer" | "Oidc",
  type: Type | undefined,
): Type | "wrong" {
  if (type?.kind === "error") return "wrong";
  if (type !== undefined && isStringConstructible(type)) return checkSealed(unit, source, decl, type);
  const span = decl.identity?.span ?? decl.scheme.span;
  const args = { actor: decl.name.text, type: type === undefined ? "" : printType(type) };
  const details = { variant: type === undefined ? "absent" : "default" } as const;
  if (scheme === "Bearer") {
    unit.findings.report(source, "bynk.actor.bearer_identity_not_string_constructible", span, args, details);
  } else {
    unit.findings.report(source, "bynk.actor.oidc_identity_not_string_constructible", span, args, details);
  }
  return "wrong";
}

function checkSealed(unit: UnitState, source: SourceFile, decl: SchemeActor, type: Type): Type | "wrong" {
  const own = type.kind === "declared" && unit.scope.types.get(type.declared.name)?.via !== "consumes";
  if (own) return type;
  const variant = type.kind === "declared" ? "foreign" : "default";
  const args = { actor: decl.name.text, type: printType(type) };
  unit.findings.report(source, "bynk.actor.identity_not_sealed", decl.identity?.span ?? decl.span, args, { variant });
  return "wrong";
}

function resolveRefinement(unit: UnitState, source: SourceFile, decl: RefinementActor): Actor | undefined {
  const predicate = readClaims(unit, source, decl.predicate);
  const base = resolveBase(unit, source, decl);
  if (predicate === undefined || base === undefined) return undefined;
  const { scheme, identity } = base;
  return { kind: "refined", name: decl.name.text, scheme, identity, source, decl, base, predicate };
}

/** A token has claims to look at, so the base is a token's actor, declared in this context and itself no refinement. */
function resolveBase(unit: UnitState, source: SourceFile, decl: RefinementActor): DeclaredActor | undefined {
  const name = decl.base.text;
  const own = unit.own.actors.get(name)?.node;
  if (name === "" || isBroken(unit, name)) return undefined;
  if (own === undefined && !preludeActors.has(name)) {
    reportUnknownActor(unit, source, decl.base);
    return undefined;
  }
  const base = unit.scope.actors.get(name);
  if (base?.kind === "declared" && (base.scheme.kind === "Bearer" || base.scheme.kind === "Oidc")) return base;
  const args = { actor: decl.name.text, base: name, reason: describeBase(own?.kind, base) };
  unit.findings.report(source, "bynk.actor.refinement_base_unsupported", decl.base.span, args);
  return undefined;
}

function describeBase(kind: "SchemeActor" | "RefinementActor" | undefined, base: Actor | undefined): string {
  if (kind === "RefinementActor") return "is a refinement itself";
  if (kind === undefined) return "comes with the language";
  return `proves itself with ${base?.scheme.kind ?? "another scheme"}`;
}

/** A scheme actor that was declared and is wrong: it has been reported. */
export function isBroken(unit: UnitState, name: string): boolean {
  const own = unit.own.actors.get(name)?.node;
  return own?.kind === "SchemeActor" && !unit.scope.actors.has(name);
}

export function reportUnknownActor(unit: UnitState, source: SourceFile, name: SchemeActor["name"]): void {
  reportUnknown(unit.findings, {
    source,
    span: name.span,
    name: name.text,
    code: "bynk.actor.unknown_actor",
    args: { name: name.text },
    known: [...unit.own.actors.keys(), ...preludeActors.keys()],
  });
}

/** Identities that are declared where no scheme supplies them, and that no body has tried to read. */
export function warnOfIdleIdentities(unit: UnitState): void {
  for (const actor of unit.model.actors) {
    if (actor.kind !== "declared" || actor.decl.identity === undefined) continue;
    const { kind } = actor.scheme;
    if ((kind !== "None" && kind !== "Internal") || unit.readIdentities.has(actor)) continue;
    const args = { actor: actor.name, scheme: kind };
    const fixes = removeIdentity(actor.source, actor.decl);
    unit.findings.report(actor.source, "bynk.actor.identity_unused", actor.decl.identity.span, args, { fixes });
  }
}
