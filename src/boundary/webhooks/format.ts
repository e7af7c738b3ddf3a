/**
 * Owns the description of a webhook format: everything that differs between senders, as data. What is the same for
 * all of them (exact bytes, constant time, caps, windows) is code in `schemes/signature.ts` and no description can
 * weaken it.
 *
 * Whether an id or a time is protected follows from the signed string itself, so no description can claim it wrongly.
 */
import { ConfigurationError } from "../errors.ts";
import { parseTemplate, type Template } from "./template.ts";

export type WebhookAlgorithm = "hmac-sha256" | "hmac-sha1" | "ed25519";

/** How the text of a secret becomes a key. */
export interface KeyForm {
  readonly encoding: "utf8" | "hex" | "base64";
  /** Text before the encoded key, such as `whsec_`. */
  readonly prefix?: string;
  /** True when the prefix may be left out. */
  readonly bare?: boolean;
}

/** One way a sender signs. A signature is only ever compared with a key of its own variant: there is no downgrade. */
export interface SignatureVariant {
  /** The mark of the digest: `sha256` in `sha256=…`, `v1` in `v1=…` or `v1,…`; empty where digests stand alone. */
  readonly label: string;
  readonly algorithm: WebhookAlgorithm;
  readonly digest: "hex" | "base64";
  readonly key: KeyForm;
}

/**
 * How the signature header is written.
 * `single`: `label=digest` or the digest alone. `pairs`: `t=…,v1=…` with the given separator.
 * `list`: `v1,digest v1,digest`. Digests under labels that no variant has are ignored.
 */
export type SignatureGrammar =
  | { readonly form: "single" }
  | { readonly form: "pairs"; readonly separator: "," | ";" }
  | { readonly form: "list" };

/** Where a value stands: a header, a key of the signature header (`pairs`), or a path of names into a JSON body. */
export type FieldSource =
  | { readonly from: "header"; readonly header: string }
  | { readonly from: "signature"; readonly key: string }
  | { readonly from: "body"; readonly path: readonly string[] };

/** Where the signed time stands; canonical decimal, in seconds unless `ms`. */
export type TimeSource = FieldSource & { readonly unit?: "s" | "ms" };

/**
 * A webhook format. `signed` is the signed string with `{timestamp}`, `{id}`, `{body}`, `{url}`, `{form}` (sorted form
 * parameters, name and value joined) and `{header:x-name}` as places; everything else in it is literal.
 *
 * @example
 * const acme: WebhookFormat = {
 *   name: "acme",
 *   header: "X-Acme-Signature",
 *   grammar: { form: "single" },
 *   variants: [{ label: "v1", algorithm: "hmac-sha256", digest: "hex", key: { encoding: "utf8" } }],
 *   signed: "{timestamp}.{body}",
 *   time: { from: "header", header: "X-Acme-Time" },
 *   id: { from: "body", path: ["event_id"] },
 * };
 */
export interface WebhookFormat {
  readonly name: string;
  /** The header that carries the signature. */
  readonly header: string;
  readonly grammar: SignatureGrammar;
  readonly variants: readonly SignatureVariant[];
  readonly signed: string;
  /** The signed time; gives the replay window. Absent: deliveries have no age. */
  readonly time?: TimeSource;
  /** Default window, seconds, both ways. Only with `time`; 300 unless given. */
  readonly tolerance?: number;
  /** What names a delivery over its retries. Where it is not inside the signed bytes, their digest is used instead. */
  readonly id?: FieldSource;
  /** A query parameter with the hexadecimal SHA-256 of the body, for formats that sign the URL instead of the body. */
  readonly bodyDigest?: { readonly query: string };
  /** Where the sender documents it. */
  readonly docs?: string;
}

/** A format that has been checked. */
export interface CheckedFormat extends WebhookFormat {
  readonly template: Template;
  /** True when the id is inside the signed bytes. */
  readonly idIsSigned: boolean;
}

export const DEFAULT_TOLERANCE_SECONDS = 300;

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const LABEL = /^[A-Za-z0-9_-]{0,32}$/;
const ALGORITHMS: readonly string[] = ["hmac-sha256", "hmac-sha1", "ed25519"];

/**
 * Checks a description and lower-cases its header names.
 * @throws ConfigurationError `webhook.format` naming what is wrong with it
 */
export function checkFormat(format: WebhookFormat): CheckedFormat {
  const fail: Fail = (problem) => {
    throw new ConfigurationError("webhook.format", `Webhook format ${JSON.stringify(format?.name)}: ${problem}.`);
  };
  if (typeof format?.name !== "string" || !LABEL.test(format.name) || format.name === "") fail("name is a short word");
  const header = headerName(format.header, fail);
  checkVariants(format, fail);
  const time = format.time && checkSource(format.time, format, fail);
  const id = format.id && checkSource(format.id, format, fail);
  const template = parseTemplate(format.signed, fail);
  const covered = (source: FieldSource, place: "timestamp" | "id"): boolean =>
    source.from === "body" ? template.has.body : template.has[place] || coversHeader(template, source);
  if (!template.has.body && !template.has.form) fail("signed does not cover the body");
  if (template.has.form && format.bodyDigest === undefined) fail("{form} needs bodyDigest for other bodies");
  if (template.has.timestamp && (time === undefined || time.from === "body")) fail("{timestamp} has no source");
  if (template.has.id && (id === undefined || id.from === "body")) fail("{id} has no source");
  if (time !== undefined && !covered(time, "timestamp")) fail("the time is not inside the signed string");
  if (format.tolerance !== undefined && time === undefined) fail("tolerance needs a time");
  return Object.freeze({
    ...format,
    header,
    ...(time === undefined ? {} : { time }),
    ...(id === undefined ? {} : { id }),
    template,
    idIsSigned: id !== undefined && covered(id, "id"),
  });
}

type Fail = (problem: string) => never;

/** The lower-case name of a header. */
export function headerName(name: unknown, fail: Fail): string {
  if (typeof name !== "string" || !TOKEN.test(name)) return fail("a header is named by a token such as X-Signature");
  return name.toLowerCase();
}

function coversHeader(template: Template, source: FieldSource): boolean {
  return source.from === "header" && template.headers.includes(source.header);
}

function checkVariants(format: WebhookFormat, fail: Fail): void {
  const { grammar, variants } = format;
  if (!["single", "pairs", "list"].includes(grammar?.form)) fail("grammar.form is single, pairs or list");
  if (grammar.form === "pairs" && grammar.separator !== "," && grammar.separator !== ";") fail("separator is , or ;");
  if (!Array.isArray(variants) || variants.length === 0) fail("it has no variants");
  for (const { label, algorithm, digest, key } of variants) {
    if (typeof label !== "string" || !LABEL.test(label)) fail("a label is letters, digits, _ and -");
    if (label === "" && grammar.form !== "single") fail("a label is needed in pairs and lists");
    if (!ALGORITHMS.includes(algorithm)) fail(`algorithm is one of ${ALGORITHMS.join(", ")}`);
    if (digest !== "hex" && digest !== "base64") fail("digest is hex or base64");
    if (!["utf8", "hex", "base64"].includes(key?.encoding)) fail("key.encoding is utf8, hex or base64");
    if (algorithm === "ed25519" && key.encoding === "utf8") fail("an ed25519 key is hex or base64");
  }
}

/** Checks a source and lower-cases its header. */
function checkSource<Source extends FieldSource>(source: Source, format: WebhookFormat, fail: Fail): Source {
  switch (source.from) {
    case "header":
      return { ...source, header: headerName(source.header, fail) };
    case "signature":
      if (format.grammar.form !== "pairs") fail("only pairs carry other values in the signature header");
      if (!LABEL.test(source.key) || format.variants.some(({ label }) => label === source.key))
        fail("its key is taken");
      return source;
    case "body":
      if (source.path.length === 0 || !source.path.every((name) => typeof name === "string")) fail("path is names");
      return source;
    default:
      return fail("a source is from header, signature or body");
  }
}
