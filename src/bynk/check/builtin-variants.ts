/** The variants of Option, Result, HttpResult and QueueResult with their payloads (reference §3.6, §12.4). */
import type { BuiltinFamily, PayloadField, Type } from "./model.ts";
import { baseType, errorType } from "./types.ts";

export interface BuiltinVariant {
  readonly family: BuiltinFamily;
  readonly name: string;
  readonly payload: readonly PayloadField[];
}

const nothing = ["Unauthorized", "Forbidden", "NotFound", "MethodNotAllowed", "NotAcceptable", "RequestTimeout"];
const locations = ["MovedPermanently", "Found", "SeeOther", "TemporaryRedirect", "PermanentRedirect"];
const messages = [
  ...["BadRequest", "Conflict", "PayloadTooLarge", "UnsupportedMediaType", "UnprocessableEntity", "TooManyRequests"],
  ...["UnavailableForLegalReasons", "ServerError", "NotImplemented", "BadGateway", "ServiceUnavailable"],
  ...["GatewayTimeout"],
];

type Shape = "value" | "nothing" | "location" | "message" | "raw" | "streaming";

const httpShapes: ReadonlyMap<string, Shape> = new Map([
  ...(["Ok", "Created", "Accepted"] as const).map((name) => [name, "value"] as const),
  ["NoContent", "nothing"] as const,
  ...[...nothing, "Gone", "LengthRequired"].map((name) => [name, "nothing"] as const),
  ...locations.map((name) => [name, "location"] as const),
  ...messages.map((name) => [name, "message"] as const),
  ["Raw", "raw"] as const,
  ["Streaming", "streaming"] as const,
]);

/** `Streaming` belongs to ring 2: it is known, and refused where it is used. */
export function isHttpVariant(name: string): boolean {
  return httpShapes.has(name);
}

export function isQueueVariant(name: string): boolean {
  return name === "Ack" || name === "Retry";
}

/** All variants of a built-in sum type, or undefined for other types. */
export function builtinVariants(type: Type): readonly BuiltinVariant[] | undefined {
  switch (type.kind) {
    case "option":
      return [
        { family: "option", name: "Some", payload: [{ name: "value", type: type.element }] },
        { family: "option", name: "None", payload: [] },
      ];
    case "result":
      return [
        { family: "result", name: "Ok", payload: [{ name: "value", type: type.ok }] },
        { family: "result", name: "Err", payload: [{ name: "error", type: type.err }] },
      ];
    case "queueResult":
      return [queueVariant("Ack"), queueVariant("Retry")];
    case "httpResult":
      return [...httpShapes.keys()].map((name) => httpVariant(name, type.value));
    default:
      return undefined;
  }
}

export function queueVariant(name: string): BuiltinVariant {
  const payload = name === "Retry" ? [{ name: "reason", type: baseType.String }] : [];
  return { family: "queueResult", name, payload };
}

export function httpVariant(name: string, value: Type): BuiltinVariant {
  return { family: "httpResult", name, payload: httpPayload(httpShapes.get(name) ?? "nothing", value) };
}

function httpPayload(shape: Shape, value: Type): readonly PayloadField[] {
  switch (shape) {
    case "value":
      return [{ name: "value", type: value }];
    case "nothing":
      return [];
    case "location":
      return [{ name: "location", type: baseType.String }];
    case "message":
      return [{ name: "message", type: baseType.String }];
    case "raw":
      return [
        { name: "bytes", type: baseType.Bytes },
        { name: "contentType", type: baseType.String },
      ];
    case "streaming":
      return [{ name: "elements", type: errorType }];
  }
}
