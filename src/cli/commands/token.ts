/**
 * Owns `byward token`: makes an HS256 bearer token, offline. The secret is named, never given on the command line, where it
 * would stay in the shell's history and show in the list of processes.
 */
import { type Command, InvalidArgumentError } from "commander";
import { mintBearer } from "../../boundary/mint.ts";
import { readDuration } from "../duration.ts";
import { assertSecretName, secretNamed } from "../named-secret.ts";
import { paint, stderr, stdout } from "../terminal.ts";

type Claims = Readonly<Record<string, unknown>>;

interface TokenFlags {
  readonly secret: string;
  readonly claim: Claims;
  readonly expires: number;
  readonly issuer?: string;
  readonly audience?: string;
  readonly type?: string;
  readonly id?: string;
  readonly dataDir: string;
  readonly json?: boolean;
}

/** RFC 7518 §3.2: an HS256 key has at least the size of its output. */
const SHORTEST_KEY_BYTES = 32;
const DEFAULT_LIFETIME_SECONDS = 3600;

export function define(command: Command): void {
  command
    .description(
      "Make an HS256 bearer token, offline. Prints the token alone, for $(…). The secret comes from the environment, or\n" +
        "from the development secrets that byward dev made up.",
    )
    .argument("<subject>", "whom the token is for (sub)")
    .option("--secret <NAME>", "name of the environment variable that holds the secret", "AUTH_JWT_SECRET")
    .option("--claim <name[=value]>", "a further claim; the value is JSON or text, true when absent", addClaim, {})
    .option("--expires <time>", "how long it is good for, such as 15m, 8h, 7d", readDuration, DEFAULT_LIFETIME_SECONDS)
    .option("--issuer <text>", "issuer (iss)")
    .option("--audience <text>", "audience (aud)")
    .option("--type <text>", "type header (typ), such as at+jwt")
    .option("--id <text>", "token id (jti)")
    .option("--data-dir <folder>", "where byward dev keeps its secrets", ".byward")
    .option("--json", "print the token with its claims as JSON")
    .action(makeToken);
}

async function makeToken(subject: string, flags: TokenFlags): Promise<void> {
  const { issuer, audience, type, id: tokenId, claim: claims, expires: expiresIn } = flags;
  assertSecretName(flags.secret);
  const now = Date.now();
  const token = await mintBearer({
    secret: bearerSecret(flags.secret, flags.dataDir),
    subject,
    now,
    expiresIn,
    claims,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    ...(type === undefined ? {} : { type }),
    ...(tokenId === undefined ? {} : { tokenId }),
  });
  if (flags.json !== true) {
    stdout(token);
    return;
  }
  const expiresAt = new Date(now + expiresIn * 1000).toISOString();
  stdout(JSON.stringify({ token, subject, claims, expiresAt }, null, 2));
}

function bearerSecret(name: string, dataDir: string): string {
  const secret = secretNamed(name, dataDir);
  if (Buffer.byteLength(secret) < SHORTEST_KEY_BYTES) {
    stderr(
      paint(
        "yellow",
        `${name} is shorter than ${SHORTEST_KEY_BYTES} bytes; a bearer party refuses it.`,
        process.stderr,
      ),
    );
  }
  return secret;
}

function addClaim(text: string, claims: Claims): Claims {
  const at = text.indexOf("=");
  const name = at === -1 ? text : text.slice(0, at);
  if (name === "") throw new InvalidArgumentError("A claim is name=value.");
  return { ...claims, [name]: at === -1 ? true : readValue(text.slice(at + 1)) };
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
