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

type Shape = Readonly<Record<string, "string" | "number" | "boolean" | "object" | "text?" | "number?" | "object?">>;

const META: Shape = { id: "string", createdAt: "number", version: "number", nextQueueId: "number", running: "boolean" };
const MESSAGE: Shape = {
  id: "number",
  queue: "string",
  body: "string",
  caller: "object?",
  createdAt: "number",
  availableAt: "number",
  attempt: "number",
  idempotencyKey: "text?",
  status: "string",
};
const SCHEDULE: Shape = {
  id: "string",
  dueAt: "number",
  action: "string",
  args: "string",
  cron: "text?",
  createdAt: "number",
};

/** What a line of each kind must carry, and what its `row` or `meta` must. */
const SHAPES: Readonly<Record<ExportKind, { readonly line: Shape; readonly inner?: readonly [string, Shape] }>> = {
  "byward-export": { line: { version: "number" } },
  actor: {
    line: { name: "string", key: "string", meta: "object", state: "text?", wakeAt: "number?" },
    inner: ["meta", META],
  },
  message: { line: { row: "object" }, inner: ["row", MESSAGE] },
  schedule: { line: { row: "object" }, inner: ["row", SCHEDULE] },
  connection: { line: { row: "object" }, inner: ["row", { id: "string", data: "string" }] },
  pair: { line: { key: "string", value: "string" } },
  replay: { line: { row: "object" }, inner: ["row", { id: "string", status: "string", keepUntil: "number" }] },
  revocation: { line: { row: "object" }, inner: ["row", { id: "string", revokedAt: "number", keepUntil: "number" }] },
  epoch: { line: { epoch: "number" } },
  damage: { line: { what: "string" } },
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

function fits(value: unknown, type: Shape[string]): boolean {
  if (type === "object") return isRecord(value);
  if (type.endsWith("?")) {
    const bare = type === "text?" ? "string" : type.slice(0, -1);
    return value === null || (bare === "object" ? isRecord(value) : typeof value === bare);
  }
  return typeof value === type;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
