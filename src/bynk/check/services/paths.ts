/** Paths of http routes (reference §12.3). */
import type { SourceFile } from "../../diagnostics/source-file.ts";
import type { HttpEntry } from "../../syntax/ast.ts";
import type { UnitState } from "../state.ts";

/** A part of a path between slashes. */
export type PathPart = { readonly kind: "literal" | "param"; readonly text: string };

/** First segments that belong to the runtime. */
const reserved = ["_bynk", "_byward", "actors"];

/** The parts of the path; a path that cannot be served is reported and gives undefined. */
export function readPath(unit: UnitState, source: SourceFile, entry: HttpEntry): readonly PathPart[] | undefined {
  const { value: path, span } = entry.path;
  const problem = findProblem(path);
  if (problem !== undefined) {
    unit.findings.report(source, "bynk.http.invalid_path", span, { path, problem });
    return undefined;
  }
  const parts = partsOf(path);
  const first = parts.find((part) => part.text !== "");
  if (first?.kind === "literal" && reserved.includes(decodeURIComponent(first.text))) {
    unit.findings.report(source, "bynk.http.reserved_prefix", span, { prefix: `/${decodeURIComponent(first.text)}` });
    return undefined;
  }
  return parts;
}

function partsOf(path: string): readonly PathPart[] {
  const texts = path.slice(1).split("/");
  if (texts.length === 1 && texts[0] === "") return [];
  return texts.map((text) =>
    text.startsWith(":") ? { kind: "param", text: text.slice(1) } : { kind: "literal", text },
  );
}

function findProblem(path: string): string | undefined {
  if (!path.startsWith("/")) return "it does not begin with `/`";
  const params = partsOf(path).flatMap((part) => (part.kind === "param" ? [part.text] : []));
  if (params.includes("")) return "a `:` has no name";
  if (new Set(params).size < params.length) return "two parameters have the same name";
  if (/[?#]/.test(path)) return "`?` and `#` never reach a route";
  if (/[\s\\]/.test(path)) return "white space and `\\` never reach a route";
  return path.split("/").some(isUnreachable)
    ? "a dot segment, or a `%` that encodes nothing, never reaches a route"
    : undefined;
}

/** Clients and servers take dot segments away before a route is looked up (RFC 3986 §5.2.4). */
function isUnreachable(segment: string): boolean {
  try {
    return /^\.{1,2}$/.test(decodeURIComponent(segment));
  } catch {
    return true;
  }
}

/** What two routes share when they differ in the names of their parameters only. */
export function shapeOf(parts: readonly PathPart[]): string {
  // An encoded letter is that letter; an encoded slash stands within its segment.
  const shown = parts.map(({ kind, text }) => {
    if (kind === "param") return ":";
    return text === "" ? "" : JSON.stringify(decodeURIComponent(text));
  });
  // Doubled and trailing slashes match the same requests.
  return shown.filter((part) => part !== "").join("/");
}
