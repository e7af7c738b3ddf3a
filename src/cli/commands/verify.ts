/**
 * Owns `byward verify`: says step by step why a registry's party accepts or refuses a token or a delivery. For the owner of
 * the party; prints neither secrets nor tokens.
 */
import { createHash, createHmac } from "node:crypto";
import type { Command } from "commander";
import { partiesOf } from "../../access/matrix.ts";
import { explainDelivery } from "../../boundary/explain-delivery.ts";
import { explainToken } from "../../boundary/explain-token.ts";
import type { Explanation } from "../../boundary/explanation.ts";
import { type AnyParty, baseOf } from "../../boundary/party.ts";
import type { SchemeEnvironment } from "../../boundary/scheme.ts";
import type { BearerScheme } from "../../boundary/schemes/bearer.ts";
import type { OidcScheme } from "../../boundary/schemes/oidc.ts";
import type { SignatureScheme } from "../../boundary/schemes/signature.ts";
import { presentDelivery } from "../../boundary/sign.ts";
import type { Registry } from "../../registry/registry.ts";
import { addHeader, readBody } from "../body-source.ts";
import { loadRegistry } from "../entry.ts";
import { CommandFailure } from "../failure.ts";
import { findSecret } from "../named-secret.ts";
import { paint, stderr, stdout } from "../terminal.ts";

interface VerifyFlags {
  readonly token?: string;
  readonly body?: string;
  readonly file?: string;
  readonly header: Record<string, string>;
  readonly url?: string;
  readonly dataDir: string;
  readonly json?: boolean;
}

export function define(command: Command): void {
  command
    .description(
      "Say step by step why a party accepts or refuses a token or a delivery. Exit code 0 when accepted.\n" +
        "A token on the command line stays in the shell's history; give --token - to read it from standard input.",
    )
    .argument("<entry>", "the file that exports the registry")
    .argument("<party>", "the party's name")
    .option("--token <token>", "a token to judge; - for standard input")
    .option("--body <text>", "the body of a delivery, exactly")
    .option("--file <path>", "the body from a file; - for standard input")
    .option("-H, --header <name: value>", "a header of the delivery", addHeader, {})
    .option("--url <url>", "the public URL the sender called")
    .option("--data-dir <folder>", "where byward dev keeps its secrets", ".byward")
    .option("--json", "print the explanation as JSON")
    .action(verify);
}

async function verify(entry: string, name: string, flags: VerifyFlags): Promise<void> {
  const party = partyNamed(await loadRegistry(entry), name);
  const environment = environmentOf(flags.dataDir);
  const explanation = await explainFor(party, environment, flags);
  if (flags.json === true) stdout(JSON.stringify({ party: name, ...explanation }, null, 2));
  else print(name, explanation);
  if (explanation.verdict !== "accepted") process.exitCode = 1;
}

async function explainFor(party: AnyParty, environment: SchemeEnvironment, flags: VerifyFlags): Promise<Explanation> {
  const { kind } = party.scheme;
  if (kind === "bearer" || kind === "oidc") {
    const token = flags.token === "-" ? new TextDecoder().decode(readBody({ file: "-" })).trim() : flags.token;
    if (token === undefined) throw missing(party, "--token <token>");
    // The kind of a scheme says which of the two it is.
    return explainToken(token, party.scheme as unknown as BearerScheme | OidcScheme, party.name, environment);
  }
  if (kind === "signature") {
    const body = readBody(flags);
    const presentation = presentDelivery(
      { body, ...(flags.url === undefined ? {} : { url: flags.url }) },
      flags.header,
    );
    return explainDelivery(presentation, party.scheme as unknown as SignatureScheme, party.name, environment);
  }
  throw new CommandFailure(
    "verify.scheme",
    `Party ${party.name} proves itself by nothing that can be shown (${kind}).`,
  );
}

function missing(party: AnyParty, flag: string): CommandFailure {
  return new CommandFailure("verify.missing", `Party ${party.name} (${party.scheme.kind}) needs ${flag}.`, {
    exitCode: 2,
  });
}

function partyNamed({ config }: Registry, name: string): AnyParty {
  const parties = new Map<string, AnyParty>();
  for (const member of partiesOf(config)) {
    const base = baseOf(member);
    parties.set(base.name, base);
    // A refinement is proved by its base; its claims are judged after.
    if (!parties.has(member.name)) parties.set(member.name, base);
  }
  const found = parties.get(name);
  if (found !== undefined) return found;
  throw new CommandFailure("verify.party", `The registry has no party "${name}".`, {
    hint: `Name one of: ${[...parties.keys()].join(", ")}.`,
    exitCode: 2,
  });
}

function environmentOf(dataDir: string): SchemeEnvironment {
  return {
    secret: (name) => findSecret(name, dataDir),
    now: () => Date.now(),
    fetch: (input, init) => fetch(input, init),
    hmac: (hash, key) => (data) => createHmac(hash, key).update(data).digest(),
    sha256: (data) => createHash("sha256").update(data).digest(),
    warn: (message) => stderr(paint("yellow", message, process.stderr)),
    skew: 5000,
  };
}

const MARKS = { passed: "✓", failed: "✗", not_reached: "·" } as const;
const STYLES = { passed: "green", failed: "red", not_reached: "dim" } as const;

function print(party: string, { verdict, reason, steps }: Explanation): void {
  const width = Math.max(0, ...steps.map(({ name }) => name.length));
  for (const { name, status, says } of steps) {
    stdout(paint(STYLES[status], `${MARKS[status]} ${name.padEnd(width)}  ${says}`));
  }
  const verdictLine = verdict === "absent" ? "nothing was presented that this party reads" : verdict;
  stdout(`${party}: ${verdictLine}${reason === null ? "" : ` (${reason})`}`);
}
