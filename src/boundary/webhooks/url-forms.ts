/** Owns the spellings of a public URL that a sender may have signed, and reading one parameter of its query. */

const ORIGIN = /^(https?):\/\/(\[[^\]]*\]|[^/?#:]*)(:[0-9]+)?(.*)$/s;

/** The URL with its port the other way, added or left out: Twilio signs either. Null where it has no host. */
export function otherPortForm(url: string): string | null {
  const match = ORIGIN.exec(url);
  if (match === null) return null;
  const [, scheme = "", host = "", port, rest = ""] = match;
  const otherPort = port === undefined ? (scheme === "https" ? ":443" : ":80") : "";
  return `${scheme}://${host}${otherPort}${rest}`;
}

/** The value of a query parameter; null when absent, and "" when it stands more than once. */
export function queryParameter(url: string, name: string): string | null {
  const start = url.indexOf("?");
  if (start < 0) return null;
  const end = url.indexOf("#", start);
  const values = new URLSearchParams(url.slice(start + 1, end < 0 ? undefined : end)).getAll(name);
  return values.length === 0 ? null : values.length === 1 ? (values[0] as string) : "";
}
