/** Owns the body of an error (design §11.27), in HTTP replies and inside `error` messages. */

export interface ErrorBody {
  readonly group: string;
  readonly code: string;
  /** For people. Group and code are the stable part. */
  readonly message: string;
  readonly metadata?: unknown;
  /** Finds the entry in the server's log. */
  readonly correlationId: string;
}

/** Reads an error body; null if this is none. */
export const readErrorBody = (value: unknown): ErrorBody | null => {
  const group = own(value, "group");
  const code = own(value, "code");
  const message = own(value, "message");
  if (typeof group !== "string" || typeof code !== "string" || typeof message !== "string") return null;
  const metadata = own(value, "metadata");
  const correlationId = own(value, "correlationId");
  return {
    group,
    code,
    message,
    ...(metadata === undefined ? {} : { metadata }),
    correlationId: typeof correlationId === "string" ? correlationId : "",
  };
};

/** A member of the value itself: what a prototype offers was not sent by anyone. */
export const own = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
