/** Owns `HttpResult[T]` of Bynk: what a route's handler answers, by name; and the status each name stands for. */

const VALUES = { Ok: 200, Created: 201, Accepted: 202 } as const;
const NOTHING = {
  NoContent: 204,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  RequestTimeout: 408,
  Gone: 410,
  LengthRequired: 411,
} as const;
const LOCATIONS = {
  MovedPermanently: 301,
  Found: 302,
  SeeOther: 303,
  TemporaryRedirect: 307,
  PermanentRedirect: 308,
} as const;
const MESSAGES = {
  BadRequest: 400,
  Conflict: 409,
  PayloadTooLarge: 413,
  UnsupportedMediaType: 415,
  UnprocessableEntity: 422,
  TooManyRequests: 429,
  UnavailableForLegalReasons: 451,
  ServerError: 500,
  NotImplemented: 501,
  BadGateway: 502,
  ServiceUnavailable: 503,
  GatewayTimeout: 504,
} as const;

type ValueTag = keyof typeof VALUES;
type NothingTag = keyof typeof NOTHING;
type LocationTag = keyof typeof LOCATIONS;
type MessageTag = keyof typeof MESSAGES;

export type HttpResult<T> =
  | { readonly [Tag in ValueTag]: { readonly tag: Tag; readonly value: T } }[ValueTag]
  | { readonly [Tag in NothingTag]: { readonly tag: Tag } }[NothingTag]
  | { readonly [Tag in LocationTag]: { readonly tag: Tag; readonly location: string } }[LocationTag]
  | { readonly [Tag in MessageTag]: { readonly tag: Tag; readonly message: string } }[MessageTag]
  | { readonly tag: "Raw"; readonly bytes: Uint8Array; readonly contentType: string };

const STATUS: Readonly<Record<HttpResult<unknown>["tag"], number>> = {
  ...VALUES,
  ...NOTHING,
  ...LOCATIONS,
  ...MESSAGES,
  Raw: 200,
};

export function statusOf(result: HttpResult<unknown>): number {
  return STATUS[result.tag];
}

type Constructors = {
  readonly [Tag in ValueTag]: <T>(value: T) => HttpResult<T>;
} & {
  readonly [Tag in NothingTag]: HttpResult<never>;
} & {
  readonly [Tag in LocationTag]: <T = never>(location: string) => HttpResult<T>;
} & {
  readonly [Tag in MessageTag]: <T = never>(message: string) => HttpResult<T>;
} & {
  readonly Raw: <T = never>(bytes: Uint8Array, contentType: string) => HttpResult<T>;
};

/** Builds answers: `HttpResult.Ok(profile)`, `HttpResult.NotFound`, `HttpResult.Conflict("taken")`. */
export const HttpResult: Constructors = Object.freeze({
  ...eachOf(VALUES, (tag) => (value: unknown) => ({ tag, value })),
  ...eachOf(NOTHING, (tag) => Object.freeze({ tag })),
  ...eachOf(LOCATIONS, (tag) => (location: string) => ({ tag, location })),
  ...eachOf(MESSAGES, (tag) => (message: string) => ({ tag, message })),
  Raw: (bytes: Uint8Array, contentType: string) => ({ tag: "Raw", bytes, contentType }),
}) as unknown as Constructors;

function eachOf(table: object, build: (tag: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.keys(table).map((tag) => [tag, build(tag)]));
}
