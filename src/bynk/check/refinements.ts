/**
 * Predicates of refined types and fields: what they mean, whether they fit their base, and whether a literal satisfies
 * them (reference §3.4).
 */
import { createFix } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { PredicateArg, Predicate as PredicateNode, Refinement, Span } from "../syntax/ast.ts";
import type { BaseName, Predicate } from "./model.ts";
import { takesForever } from "./regex/ambiguity.ts";
import { isSatisfiable } from "./satisfiable.ts";
import type { UnitState } from "./state.ts";

/** The predicates of a `where`. Those that are wrong are reported and left out. */
export function resolveRefinement(
  unit: UnitState,
  source: SourceFile,
  base: BaseName,
  refinement: Refinement | undefined,
): readonly Predicate[] {
  if (refinement === undefined) return [];
  const reader: Reader = { unit, source, base };
  const predicates = refinement.predicates.flatMap((node) => readPredicate(reader, node) ?? []);
  const complete = predicates.length === refinement.predicates.length;
  if (complete && !isSatisfiable(base, predicates)) {
    unit.findings.report(source, "bynk.types.empty_refinement", refinement.span, { base });
  }
  return predicates;
}

interface Reader {
  readonly unit: UnitState;
  readonly source: SourceFile;
  readonly base: BaseName;
}

const numeric: readonly BaseName[] = ["Int", "Float"];
const textual: readonly BaseName[] = ["String"];

function readPredicate(reader: Reader, node: PredicateNode): Predicate | undefined {
  const kind = node.name.text;
  switch (kind) {
    case "NonNegative":
    case "Positive":
      return fits(reader, node, numeric, 0) ? { kind } : undefined;
    case "NonEmpty":
      return fits(reader, node, textual, 0) ? { kind } : undefined;
    case "MinLength":
    case "MaxLength":
    case "Length":
      return fits(reader, node, textual, 1) ? readLength(reader, node, kind) : undefined;
    case "InRange":
      return fits(reader, node, numeric, 2) ? readRange(reader, node) : undefined;
    case "Matches":
      return fits(reader, node, textual, 1) ? readPattern(reader, node) : undefined;
    default:
      return undefined;
  }
}

function fits(reader: Reader, node: PredicateNode, bases: readonly BaseName[], wanted: number): boolean {
  const { unit, source, base } = reader;
  const name = node.name.text;
  if (!bases.includes(base)) {
    const args = { name, base, bases: bases.join(" or ") };
    unit.findings.report(source, "bynk.types.predicate_base_mismatch", node.span, args);
    return false;
  }
  const found = node.args?.length ?? 0;
  if (found === wanted) return true;
  unit.findings.report(source, "bynk.types.predicate_arguments", node.span, { name, wanted: usage(name) });
  return false;
}

/** How a predicate is written. */
function usage(name: string): string {
  switch (name) {
    case "InRange":
      return "InRange(low, high)";
    case "Matches":
      return 'Matches("pattern")';
    case "MinLength":
    case "MaxLength":
    case "Length":
      return `${name}(n)`;
    default:
      return name;
  }
}

function reportArguments(reader: Reader, node: PredicateNode, span: Span): undefined {
  const name = node.name.text;
  reader.unit.findings.report(reader.source, "bynk.types.predicate_arguments", span, { name, wanted: usage(name) });
}

function readLength(
  reader: Reader,
  node: PredicateNode,
  kind: "MinLength" | "MaxLength" | "Length",
): Predicate | undefined {
  // `fits` has counted the arguments.
  const [arg] = node.args as [PredicateArg];
  if (arg.kind !== "SignedLiteral" || arg.literal.kind !== "IntLiteral") return reportArguments(reader, node, arg.span);
  if (arg.value < 0) {
    reader.unit.findings.report(reader.source, "bynk.types.negative_length", arg.span, { length: arg.value });
    return undefined;
  }
  return { kind, length: arg.value };
}

function readRange(reader: Reader, node: PredicateNode): Predicate | undefined {
  // `fits` has counted the arguments.
  const [low, high] = node.args as [PredicateArg, PredicateArg];
  for (const bound of [low, high]) {
    if (bound.kind !== "SignedLiteral") return reportArguments(reader, node, bound.span);
    const found = bound.literal.kind === "IntLiteral" ? "Int" : "Float";
    if (found === reader.base) continue;
    const args = { left: reader.base, right: found };
    reader.unit.findings.report(reader.source, "bynk.types.no_numeric_coercion", bound.span, args, {
      variant: "bound",
    });
    return undefined;
  }
  if (low.value <= high.value) return { kind: "InRange", low: Number(low.value), high: Number(high.value) };
  const args = { low: String(low.value), high: String(high.value) };
  const text = [high, low].map(({ span }) => reader.source.text.slice(span.start, span.end)).join(", ");
  const fixes = [createFix(reader.source, "swap the bounds", [{ span: node.span, text: `InRange(${text})` }])];
  reader.unit.findings.report(reader.source, "bynk.types.inverted_range", node.span, args, { fixes });
  return undefined;
}

function readPattern(reader: Reader, node: PredicateNode): Predicate | undefined {
  // `fits` has counted the arguments.
  const [arg] = node.args as [PredicateArg];
  if (arg.kind !== "StringLiteral") return reportArguments(reader, node, arg.span);
  const pattern = arg.value;
  try {
    // By itself, too: `a)|(b` would end the group that anchors it.
    new RegExp(pattern);
    new RegExp(anchored(pattern));
  } catch {
    reader.unit.findings.report(reader.source, "bynk.types.invalid_regex", arg.span, { pattern });
    return undefined;
  }
  if (takesForever(pattern)) {
    reader.unit.findings.report(reader.source, "bynk.types.catastrophic_regex", arg.span, { pattern });
    return undefined;
  }
  return { kind: "Matches", pattern };
}

/** The whole value must match. */
function anchored(pattern: string): string {
  return `^(?:${pattern})$`;
}

/** The text a violation is told with, the same at compile time and at run time (reference §3.4). */
export function violationText(predicate: Predicate): string {
  switch (predicate.kind) {
    case "NonNegative":
      return "must be non-negative";
    case "Positive":
      return "must be positive";
    case "InRange":
      return `must be in range [${predicate.low}, ${predicate.high}]`;
    case "NonEmpty":
      return "must be non-empty";
    case "MinLength":
      return `length must be at least ${predicate.length}`;
    case "MaxLength":
      return `length must be at most ${predicate.length}`;
    case "Length":
      return `length must be exactly ${predicate.length}`;
    case "Matches":
      return `must match /${predicate.pattern}/`;
  }
}

/** The first predicate that a value breaks. Lengths count UTF-16 units, as at run time. */
export function firstViolation(predicates: readonly Predicate[], value: unknown): Predicate | undefined {
  return predicates.find((predicate) => !holds(predicate, value));
}

function holds(predicate: Predicate, value: unknown): boolean {
  if (typeof value === "number") return holdsForNumber(predicate, value);
  return typeof value !== "string" || holdsForText(predicate, value);
}

function holdsForNumber(predicate: Predicate, value: number): boolean {
  switch (predicate.kind) {
    case "NonNegative":
      return value >= 0;
    case "Positive":
      return value > 0;
    case "InRange":
      return predicate.low <= value && value <= predicate.high;
    default:
      return true;
  }
}

function holdsForText(predicate: Predicate, value: string): boolean {
  switch (predicate.kind) {
    case "NonEmpty":
      return value.length > 0;
    case "MinLength":
      return value.length >= predicate.length;
    case "MaxLength":
      return value.length <= predicate.length;
    case "Length":
      return value.length === predicate.length;
    case "Matches":
      return new RegExp(anchored(predicate.pattern)).test(value);
    default:
      return true;
  }
}
