/**
 * Owns the text form of a data directory: JSON lines. The first line says what it is, the last says how many actors there
 * were, so a file that was cut short is noticed. After an `actor` line come the rows it holds. Bytes are base64.
 */
import type { ActorMeta, ConnectionRow, QueueRow, ReplayRow, RevocationRow, ScheduleRow } from "../../port.ts";

/** The version of this text form, not of the file's. */
export const EXPORT_VERSION = 1;

export type ExportLine =
  | { readonly kind: "byward-export"; readonly version: number }
  | {
      readonly kind: "actor";
      readonly name: string;
      readonly key: string;
      readonly meta: ActorMeta;
      /** Tagged-JSON text, or null. */
      readonly state: string | null;
      readonly wakeAt: number | null;
    }
  | { readonly kind: "message"; readonly row: QueueRow }
  | { readonly kind: "schedule"; readonly row: ScheduleRow }
  | { readonly kind: "connection"; readonly row: ConnectionRow }
  | { readonly kind: "pair"; readonly key: string; readonly value: string }
  | { readonly kind: "replay"; readonly row: ReplayRow }
  | { readonly kind: "revocation"; readonly row: RevocationRow }
  | { readonly kind: "epoch"; readonly epoch: number }
  /** Something that could not be exported; import skips it. */
  | { readonly kind: "damage"; readonly actor: string | null; readonly what: string }
  | { readonly kind: "end"; readonly actors: number };

export type ExportKind = ExportLine["kind"];

/**
 * What a member must be: `?` allows null, `~` that it is absent, too; a list names the texts there are. A number is one that a
 * file gives back as it was.
 */
type Kind = "text" | "text?" | "text~" | "number" | "number?" | "number~" | "flag" | "object" | "object?";
type Shape = Readonly<Record<string, Kind | readonly string[]>>;

const META: Shape = { id: "text", createdAt: "number", version: "number", nextQueueId: "number", running: "flag" };
const MESSAGE: Shape = {
  id: "number",
  queue: "text",
  body: "text",
  caller: "object?",
  createdAt: "number",
  availableAt: "number",
  attempt: "number",
  idempotencyKey: "text?",
  status: ["ready", "dead", "done"],
  keepUntil: "number~",
  response: "text~",
  deadReason: "text~",
};
const SCHEDULE: Shape = {
  id: "text",
  dueAt: "number",
  action: "text",
  args: "text",
  cron: "text?",
  createdAt: "number",
};
const REPLAY: Shape = { id: "text", status: ["in_progress", "done", "failed"], keepUntil: "number" };
const REVOCATION: Shape = {
  id: "text",
  party: "text?",
  identity: "text?",
  claim: "object?",
  tokenId: "text?",
  issuedBefore: "number?",
  revokedAt: "number",
  keepUntil: "number",
};

/** What a line of each kind must carry, and what its `row` or `meta` must. */
const SHAPES: Readonly<Record<ExportKind, { readonly line: Shape; readonly inner?: readonly [string, Shape] }>> = {
  "byward-export": { line: { version: "number" } },
  actor: {
    line: { name: "text", key: "text", meta: "object", state: "text?", wakeAt: "number?" },
    inner: ["meta", META],
  },
  message: { line: { row: "object" }, inner: ["row", MESSAGE] },
  schedule: { line: { row: "object" }, inner: ["row", SCHEDULE] },
  connection: { line: { row: "object" }, inner: ["row", { id: "text", data: "text" }] },
  pair: { line: { key: "text", value: "text" } },
  replay: { line: { row: "object" }, inner: ["row", REPLAY] },
  revocation: { line: { row: "object" }, inner: ["row", REVOCATION] },
  epoch: { line: { epoch: "number" } },
  damage: { line: { what: "text" } },
  end: { line: { actors: "number" } },
};

/** Reads one line. Throws an Error that says what is wrong with it. */
export function parseLine(text: string): ExportLine {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || typeof value["kind"] !== "string" || !Object.hasOwn(SHAPES, value["kind"])) {
    throw new Error("it is not a line of a Byward export");
  }
  // The casts hold because the kind was looked up and the shape is checked below.
  const shape = SHAPES[value["kind"] as ExportKind];
  assertShape(value, shape.line);
  if (shape.inner !== undefined) assertShape(value[shape.inner[0]], shape.inner[1]);
  return value as ExportLine;
}

function assertShape(value: unknown, shape: Shape): void {
  if (!isRecord(value)) throw new Error("an object is missing");
  for (const [key, type] of Object.entries(shape)) {
    if (!fits(value[key], type)) throw new Error(`"${key}" is missing or of the wrong type`);
  }
}

function fits(value: unknown, kind: Shape[string]): boolean {
  if (typeof kind !== "string") return typeof value === "string" && kind.includes(value);
  if (kind.endsWith("~") && value === undefined) return true;
  if (/[?~]$/.test(kind) && value === null) return true;
  const bare = kind.replace(/[?~]$/, "");
  if (bare === "object") return isRecord(value);
  if (bare === "flag") return typeof value === "boolean";
  return bare === "text" ? typeof value === "string" : isKept(value);
}

/** A file keeps whole numbers up to 2^63, and gives those beyond 2^53 back to nobody. */
function isKept(value: unknown): boolean {
  return (
    typeof value === "number" && Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
