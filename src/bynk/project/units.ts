/**
 * Which unit each part of each file belongs to, and whether it stands where its name says (reference §2.4).
 *
 * I1. Every declaring unit lands in exactly one group, whatever is wrong with its place: later phases still see it.
 * I2. Suites take no part in a plain compile and are not grouped.
 */
import { createFix } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/source-file.ts";
import type { DeclaringUnit, FileNode, Name } from "../syntax/ast.ts";
import type { SourcePath } from "./discovery.ts";
import type { Findings } from "./findings.ts";

export interface ParsedSource {
  readonly source: SourceFile;
  readonly ast: FileNode;
  /** Undefined in single-file mode, where paths say nothing. */
  readonly place: SourcePath | undefined;
  /** The file has syntax errors. */
  readonly broken: boolean;
}

export interface UnitPart {
  readonly file: ParsedSource;
  readonly source: SourceFile;
  readonly node: DeclaringUnit;
}

export type UnitKind = "commons" | "context" | "adapter";

/** All parts of one unit, in path order. */
export interface UnitGroup {
  readonly name: string;
  readonly kind: UnitKind;
  readonly firstParty: boolean;
  readonly parts: readonly UnitPart[];
}

const kindOf = { Commons: "commons", Context: "context", Adapter: "adapter" } as const;

/** Groups the units of `files`, which are in path order, and checks their names and places. */
export function groupUnits(files: readonly ParsedSource[], findings: Findings): readonly UnitGroup[] {
  const groups = new Map<string, UnitPart[]>();
  for (const file of files) {
    for (const node of file.ast.units) {
      if (node.kind === "Suite" || node.name.text === "") continue;
      const parts = groups.get(node.name.text);
      const part = { file, source: file.source, node };
      if (parts === undefined) groups.set(node.name.text, [part]);
      else parts.push(part);
    }
  }
  return [...groups].map(([name, parts]) => checkGroup(name, parts, findings));
}

/** A unit of the toolchain: its name and place are as they should be. */
export function firstPartyGroup(file: ParsedSource): UnitGroup {
  const parts = file.ast.units.flatMap((node) => (node.kind === "Suite" ? [] : [{ file, source: file.source, node }]));
  // Every unit of the toolchain has a part.
  const [first] = parts as [UnitPart];
  return { name: first.node.name.text, kind: kindOf[first.node.kind], firstParty: true, parts };
}

function checkGroup(name: string, parts: readonly UnitPart[], findings: Findings): UnitGroup {
  // A group has at least the part that began it.
  const [first] = parts as [UnitPart, ...UnitPart[]];
  if (first.node.name.parts[0]?.text === "bynk") {
    for (const part of parts) findings.report(part.source, "bynk.namespace.reserved", part.node.name.span, { name });
  }
  checkKinds(name, parts, findings);
  checkPlaces(name, parts, findings);
  return { name, kind: kindOf[first.node.kind], firstParty: false, parts };
}

function checkKinds(name: string, parts: readonly UnitPart[], findings: Findings): void {
  const [first] = parts as [UnitPart];
  for (const part of parts) {
    if (part.node.kind === first.node.kind) continue;
    const kinds = { name, kind: kindOf[part.node.kind], other: kindOf[first.node.kind] };
    const related = [{ source: first.source, span: first.node.name.span, message: `a ${kinds.other} here` }];
    findings.report(part.source, "bynk.project.kind_conflict", part.node.name.span, kinds, { related });
  }
}

type Placement = "file" | "folder" | "elsewhere";

function checkPlaces(name: string, parts: readonly UnitPart[], findings: Findings): void {
  const placed = parts.filter((part) => part.file.place !== undefined);
  const well = placed.filter((part) => placementOf(name, part) !== "elsewhere");
  for (const part of placed) {
    if (placementOf(name, part) === "elsewhere") reportMisplaced(name, part, findings);
  }
  const inFile = well.find((part) => placementOf(name, part) === "file");
  const inFolder = well.find((part) => placementOf(name, part) === "folder");
  if (inFile !== undefined && inFolder !== undefined) {
    const related = [{ source: inFile.source, span: inFile.node.name.span, message: "the unit's own file" }];
    findings.report(inFolder.source, "bynk.project.file_and_directory", inFolder.node.name.span, { name }, { related });
    return;
  }
  reportSplit(name, well, findings);
}

/** One unit below two include roots. */
function reportSplit(name: string, parts: readonly UnitPart[], findings: Findings): void {
  const [first] = parts;
  for (const part of parts) {
    if (first === undefined || part.file.place?.root === first.file.place?.root) continue;
    const related = [{ source: first.source, span: first.node.name.span, message: "its first part" }];
    findings.report(
      part.source,
      "bynk.project.inconsistent_commons_name",
      part.node.name.span,
      { name, file: `${name.replaceAll(".", "/")}.bynk`, other: first.file.place?.root ?? "" },
      { variant: "split", related },
    );
  }
}

function placementOf(name: string, part: UnitPart): Placement {
  const path = name.replaceAll(".", "/");
  const relative = part.file.place?.relative ?? "";
  if (relative === `${path}.bynk`) return "file";
  return relative.slice(0, relative.lastIndexOf("/")) === path ? "folder" : "elsewhere";
}

function reportMisplaced(name: string, part: UnitPart, findings: Findings): void {
  const relative = part.file.place?.relative ?? "";
  const file = `${name.replaceAll(".", "/")}.bynk`;
  const expected = relative.slice(0, -".bynk".length).replaceAll("/", ".");
  const renamed = isUnitName(expected) && !part.node.name.parts.some((segment: Name) => segment.text === "");
  const fixes = renamed
    ? [createFix(part.source, `name the unit \`${expected}\``, [{ span: part.node.name.span, text: expected }])]
    : [];
  const args = { name, path: part.file.place?.path ?? "", file };
  findings.report(part.source, "bynk.project.inconsistent_commons_name", part.node.name.span, args, { fixes });
}

function isUnitName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$/.test(text) && !text.startsWith("bynk");
}
