/**
 * Owns explaining a signed delivery: which step of `schemes/signature-verifier.ts` it fails, and what usually causes
 * it.
 */
import { type Explanation, explain, type StepDescription } from "./explanation.ts";
import type { Presentation, SchemeEnvironment } from "./scheme.ts";
import type { SignatureScheme } from "./schemes/signature.ts";
import type { DeliveryReason } from "./schemes/signature-verifier.ts";
import type { FieldSource } from "./webhooks/format.ts";

const STEPS: readonly StepDescription<DeliveryReason>[] = [
  { name: "body", checks: "the exact bytes are there", reasons: ["signature.body_missing"] },
  {
    name: "header",
    checks: "the signature header is well-formed and has a digest of this format",
    reasons: ["signature.too_long", "signature.malformed", "signature.too_many", "signature.missing"],
  },
  {
    name: "signed values",
    checks: "everything inside the signed string is there and canonical",
    reasons: [
      "signature.timestamp_missing",
      "signature.timestamp",
      "signature.id",
      "signature.form",
      "signature.delimiter",
    ],
  },
  { name: "signature", checks: "a secret of the party signed these bytes", reasons: ["signature.mismatch"] },
  { name: "body digest", checks: "the body is the one the URL names", reasons: ["signature.body_digest"] },
  { name: "window", checks: "the signed time is near enough", reasons: ["signature.outside_tolerance"] },
  { name: "order", checks: "the delivery says its place in the sequence", reasons: ["signature.order_missing"] },
];

interface Facts {
  readonly scheme: SignatureScheme;
  readonly presentation: Presentation;
  readonly now: number;
}

const SENTENCES: Readonly<Record<DeliveryReason, (facts: Facts) => string>> = {
  "signature.body_missing": () => "No body was read. Signatures are over bodies; sockets carry none.",
  "signature.too_long": ({ scheme }) => `${scheme.format.header} is longer than 4 KiB.`,
  "signature.malformed": ({ scheme }) =>
    `${scheme.format.header} is not written as ${scheme.format.name} writes it (${describeForm(scheme)}). Was it repeated and joined on the way?`,
  "signature.too_many": ({ scheme }) => `${scheme.format.header} has more items than are looked at.`,
  "signature.missing": ({ scheme }) =>
    `${scheme.format.header} has no digest under ${labels(scheme)}; others are ignored.`,
  "signature.timestamp_missing": ({ scheme }) => `The time is missing: it stands in ${place(scheme.format.time)}.`,
  "signature.timestamp": ({ scheme }) =>
    `The time in ${place(scheme.format.time)} is not a plain decimal number of ${scheme.format.time?.unit === "ms" ? "milliseconds" : "seconds"}.`,
  "signature.id": ({ scheme }) =>
    `The id in ${place(scheme.format.id)} is missing, longer than 256 characters, or not visible ASCII without commas.`,
  "signature.form": () =>
    "The body is neither a strict form (application/x-www-form-urlencoded) nor covered by a digest in the URL.",
  "signature.delimiter": ({ scheme }) =>
    `A value of "${scheme.format.signed}" is missing, or contains the delimiter that follows it.`,
  "signature.mismatch": ({ scheme, presentation }) =>
    `No secret (${scheme.secretNames.join(", ") || "fetched"}) gives this digest over "${scheme.format.signed}" with a body of ` +
    `${presentation.body?.length ?? 0} bytes. Usual causes: another secret, a body that was parsed and written again, a changed line ` +
    `end, or ${scheme.format.template.has.url ? "a public URL that differs from the one the sender calls" : "a proxy that changes headers"}.`,
  "signature.body_digest": ({ scheme }) =>
    `The body does not have the SHA-256 in the query parameter ${scheme.format.bodyDigest?.query}.`,
  "signature.outside_tolerance": ({ scheme, presentation, now }) =>
    `The signature is good, and its time is ${distance(scheme, presentation, now)} from now; ${scheme.tolerance} s are allowed. An old ` +
    "delivery was sent again, or a clock is wrong.",
  "signature.order_missing": () =>
    "The position (or the stream) of the declared order is missing or not a whole number.",
};

/**
 * Says step by step why a party accepts or refuses a delivery. Reads the party's secrets as a start would.
 * @throws ConfigurationError when the party itself could not start
 */
export async function explainDelivery(
  presentation: Presentation,
  scheme: SignatureScheme,
  partyName: string,
  environment: SchemeEnvironment,
): Promise<Explanation> {
  const now = environment.now();
  const verifier = await scheme.prepare(partyName, environment);
  const result = await verifier.prove(presentation, now);
  return explain(result, STEPS, (reason) => SENTENCES[reason]({ scheme, presentation, now }));
}

function labels(scheme: SignatureScheme): string {
  return scheme.format.variants.map(({ label }) => label || "no label").join(" or ");
}

function describeForm({ format }: SignatureScheme): string {
  const [variant] = format.variants;
  const digest = `<${variant?.digest}>`;
  const label = variant?.label ?? "";
  if (format.grammar.form === "list") return `${label},${digest}`;
  if (format.grammar.form === "pairs") return `…=…${format.grammar.separator}${label}=${digest}`;
  return label === "" ? digest : `${label}=${digest}`;
}

function place(source: FieldSource | undefined): string {
  switch (source?.from) {
    case "header":
      return `the header ${source.header}`;
    case "signature":
      return `${source.key}= of the signature header`;
    case "body":
      return `${source.path.join(".")} of the body`;
    default:
      return "nothing";
  }
}

/** Only said of a time in a header or a signature header; one in the body is not read again. */
function distance({ format }: SignatureScheme, presentation: Presentation, now: number): string {
  const { time } = format;
  const header = presentation.header(time?.from === "header" ? time.header : format.header) ?? "";
  const text =
    time?.from === "signature" ? (new RegExp(`(?:^|[,;])${time.key}=([0-9]+)`).exec(header)?.[1] ?? "") : header;
  if (time === undefined || time.from === "body" || !/^[0-9]{1,15}$/.test(text)) return "too far";
  return `${Math.abs(now - Number(text) * (time.unit === "ms" ? 1 : 1000)) / 1000} s`;
}
