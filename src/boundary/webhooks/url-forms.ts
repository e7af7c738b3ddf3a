/** Owns the spellings of a public URL that a sender may have signed, and reading one parameter of its query. */

const ORIGIN = /^(https?):\/\/(\[[^\]]*\]|[^/?#:]*)(:[0-9]+)?(.*)$/s;

/** The URL as received, and with its port the other way: Twilio signs with or without it. */
export function urlForms(url: string): readonly string[] {
  const match = ORIGIN.exec(url);
  if (match === null) return [url];
  const [, scheme = "", host = "", port, rest = ""] = match;
  const otherPort = port === undefined ? (scheme === "https" ? ":443" : ":80") : "";
  return [url, `${scheme}://${host}${otherPort}${rest}`];
}

/** The value of a query parameter; null when absent, and "" when it stands more than once. */
export function queryParameter(url: string, name: string): string | null {
  const start = url.indexOf("?");
  if (start < 0) return null;
  const end = url.indexOf("#", start);
  const values = new URLSearchParams(url.slice(start + 1, end < 0 ? undefined : end)).getAll(name);
  return values.length === 0 ? null : values.length === 1 ? (values[0] as string) : "";
}
