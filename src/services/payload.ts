/**
 * Owns reading what a request carries, after the gate: path parameters, query and body, each through its schema. The body is
 * parsed from the very bytes the gate verified over (G4). Synchronous where schemas and transport are.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { DeadlineClock } from "../boundary/deadline.ts";
import { Refusal } from "../boundary/errors.ts";
import { andThen, type MaybePromise } from "../boundary/maybe-promise.ts";
import { validated } from "../boundary/schema.ts";
import type { InboundRequest } from "../hosts/port.ts";
import { isSound } from "../protocol/revive.ts";
import type { RoutePayload } from "./context.ts";
import type { RouteEntry } from "./entrypoints.ts";
import type { PayloadProblem } from "./types.ts";

/** A refused payload: what is told, and the facts for a service that tells it in its own words. */
export class PayloadRefusal extends Refusal {
  readonly problem: PayloadProblem;

  constructor(problem: PayloadProblem, message: string) {
    super("malformed", {
      reason: `${problem.part}.${problem.kind}`,
      code: `invalid_${problem.part}`,
      message,
      ...(problem.issues.length === 0 ? {} : { metadata: { issues: problem.issues.map(shownIssue) } }),
    });
    this.problem = problem;
  }
}

function shownIssue({ message, path }: StandardSchemaV1.Issue): { message: string; path: readonly string[] } {
  return { message, path: (path ?? []).map((part) => String(typeof part === "object" ? part.key : part)) };
}

/**
 * Fills `payload` in.
 * @throws PayloadRefusal, Refusal `unsupported_media_type`, `too_large`, `fault` where a schema does not answer in time
 */
export function readPayload(
  entry: RouteEntry,
  inbound: InboundRequest,
  maxBody: number,
  payload: RoutePayload,
  clock: DeadlineClock,
): MaybePromise<void> {
  return andThen(checked(entry.params, "params", payload.params, clock), (params) => {
    payload.params = params;
    return andThen(readQuery(entry, inbound, clock), (query) => {
      payload.query = query;
      if (entry.body === null) return;
      return andThen(readBody(entry, inbound, maxBody, clock), (body) => {
        payload.body = body;
      });
    });
  });
}

function readQuery(entry: RouteEntry, inbound: InboundRequest, clock: DeadlineClock): MaybePromise<unknown> {
  return entry.query === null ? undefined : checked(entry.query, "query", fieldsOf(inbound.query), clock);
}

/** Names and values of a query or a form; a name that stands several times has a list. */
function fieldsOf(text: string): Readonly<Record<string, string | readonly string[]>> {
  const fields: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    const known = fields[name];
    if (known === undefined) fields[name] = value;
    else if (typeof known === "string") fields[name] = [known, value];
    else known.push(value);
  }
  return fields;
}

function readBody(
  entry: RouteEntry,
  inbound: InboundRequest,
  maxBody: number,
  clock: DeadlineClock,
): MaybePromise<unknown> {
  assertMediaType(entry, inbound.header("content-type"));
  return inbound.bytes(maxBody).then((bytes) => checked(entry.body, "body", parseBody(entry, bytes), clock));
}

const JSON_TYPE = /^application\/(?:json|[\w.!#$&^-]+\+json)$/;
const FORM_TYPE = "application/x-www-form-urlencoded";

/** Pages elsewhere can make a browser send forms and plain text without asking, but not JSON (ruling 23). */
function assertMediaType({ bodyAs }: RouteEntry, header: string | null): void {
  const type = (header ?? "").replace(/;.*$/s, "").trim().toLowerCase();
  if (bodyAs === "json" && !JSON_TYPE.test(type)) throw unsupported("application/json");
  if (bodyAs === "form" && type !== FORM_TYPE) throw unsupported(FORM_TYPE);
}

function unsupported(expected: string): Refusal {
  return new Refusal("unsupported_media_type", { reason: "content_type", message: `Send Content-Type: ${expected}` });
}

function parseBody({ bodyAs }: RouteEntry, bytes: Uint8Array): unknown {
  if (bodyAs === "bytes") return bytes;
  const text = utf8(bytes);
  if (bodyAs === "text") return text;
  return bodyAs === "form" ? fieldsOf(text) : parseJson(text);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function utf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw malformed("The body is not UTF-8");
  }
}

function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engine's message quotes the text, which may hold a secret.
    throw malformed("The body is not JSON");
  }
  if (!isSound(value, 0)) throw malformed("The body is nested too deeply, or a number in it is out of range");
  return value;
}

function malformed(message: string): PayloadRefusal {
  return new PayloadRefusal({ part: "body", kind: "malformed", issues: [] }, message);
}

function checked(
  schema: StandardSchemaV1 | null,
  part: PayloadProblem["part"],
  value: unknown,
  clock: DeadlineClock,
): MaybePromise<unknown> {
  if (schema === null) return value;
  return andThen(validated(schema, value, clock, `${part}.schema`), (result) => {
    if (result.issues === undefined) return result.value;
    const problem: PayloadProblem = { part, kind: "schema", issues: result.issues };
    throw new PayloadRefusal(problem, `The ${SHOWN[part]} not what this route takes`);
  });
}

const SHOWN = { params: "path parameters are", query: "query is", body: "body is" } as const;
