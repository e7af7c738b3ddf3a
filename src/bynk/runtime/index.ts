/** What compiled Bynk modules import, as `byward/bynk/runtime`. Names here are part of compiled code: they do not change. */

export { Bytes } from "./bytes.ts";
export { type Codec, codec, type JsonError } from "./codec.ts";
export { equals } from "./equality.ts";
export { unreachable } from "./fault.ts";
export { answer, callable, delivered, remote, reply, scheduled } from "./handlers.ts";
export { HttpResult } from "./http-result.ts";
export { background, begun, detached, type Invocation } from "./invocation.ts";
export { divide, Float, Int, int } from "./numbers.ts";
export { None, Option, Some } from "./option.ts";
export { QueueResult } from "./queue-result.ts";
export { type Branded, opaque, refined, type ValidationError, where } from "./refined.ts";
export { Err, Ok, Result } from "./result.ts";
export { identity, pathParams, problem, schema } from "./schema.ts";
export { Text } from "./text.ts";
export * as bynk from "./units/bynk.ts";
