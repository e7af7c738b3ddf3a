/** Owns `byward sign`: signs a delivery in any known webhook format, offline, and prints the headers to send with it. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { signDelivery } from "../../boundary/sign.ts";
import { plainFormat } from "../../boundary/webhooks/plain.ts";
import { WEBHOOK_FORMATS, type WebhookName } from "../../boundary/webhooks/webhook.ts";
import { addHeader, type BodyFlags, readBody } from "../body-source.ts";
import { CommandFailure } from "../failure.ts";
import { assertSecretName, secretNamed } from "../named-secret.ts";
import { stdout } from "../terminal.ts";

interface SignFlags extends BodyFlags {
  readonly secret: string;
  readonly id?: string;
  readonly url?: string;
  readonly header: Record<string, string>;
  readonly signatureHeader?: string;
  readonly timestampHeader?: string;
  /** Seconds. */
  readonly at?: number;
  readonly dataDir: string;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .description(
      `Sign a delivery, offline. Prints the headers, one a line, ready for curl.\nFormats: ${Object.keys(WEBHOOK_FORMATS).join(", ")}.`,
    )
    .argument("<format>", "the sender's format")
    .option("--secret <NAME>", "name of the environment variable that holds the secret", "HOOK_SECRET")
    .option("--body <text>", "the body, exactly")
    .option("--file <path>", "the body from a file; - for standard input")
    .option("--id <text>", "the delivery's id")
    .option("--url <url>", "the public URL, where the format signs it")
    .option("-H, --header <name: value>", "a further header, where the format signs it", addHeader, {})
    .option("--signature-header <name>", "plain format: the header of the signature")
    .option("--timestamp-header <name>", "plain format: the header of the time")
    .option("--at <seconds>", "the time to sign, seconds since 1970; default now", readTime)
    .option("--data-dir <folder>", "where byward dev keeps its secrets", ".byward")
    .addOption(new Option("--json", "print the headers as JSON"))
    .action(sign);
}

async function sign(name: string, flags: SignFlags): Promise<void> {
  assertSecretName(flags.secret);
  const format = formatNamed(name, flags);
  const headers = await signDelivery(format, {
    secret: secretNamed(flags.secret, flags.dataDir),
    body: readBody(flags),
    now: flags.at === undefined ? Date.now() : flags.at * 1000,
    ...(flags.id === undefined ? {} : { id: flags.id }),
    ...(flags.url === undefined ? {} : { url: flags.url }),
    headers: flags.header,
  });
  if (flags.json === true) stdout(JSON.stringify(headers, null, 2));
  else for (const [header, value] of Object.entries(headers)) stdout(`${header}: ${value}`);
}

function readTime(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("A time is seconds since 1970, a whole number.");
}

function formatNamed(name: string, flags: SignFlags): (typeof WEBHOOK_FORMATS)[WebhookName] {
  if (!Object.hasOwn(WEBHOOK_FORMATS, name)) throw unknownFormat(name);
  if (name !== "plain" || flags.signatureHeader === undefined) return WEBHOOK_FORMATS[name as WebhookName];
  return plainFormat({
    header: flags.signatureHeader,
    ...(flags.timestampHeader === undefined ? {} : { timestamp: flags.timestampHeader }),
  });
}

function unknownFormat(name: string): CommandFailure {
  return new CommandFailure("sign.format", `There is no format "${name}".`, {
    hint: `Name one of: ${Object.keys(WEBHOOK_FORMATS).join(", ")}.`,
    exitCode: 2,
  });
}
