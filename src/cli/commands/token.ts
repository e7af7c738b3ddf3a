/**
 * Owns `byward token`: makes an HS256 bearer token, offline, or an OpenID provider's under a test key of its own. The secret
 * is named, never given on the command line, where it would stay in the shell's history and show in the list of processes.
 */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { createTokenKey, mintBearer, mintSigned, type TokenClaims, type TokenKey } from "../../boundary/mint.ts";
import { readDuration } from "../duration.ts";
import { CommandFailure } from "../failure.ts";
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
  readonly key?: string;
  readonly jwks?: boolean;
  readonly dataDir: string;
  readonly json?: boolean;
}

/** RFC 7518 §3.2: an HS256 key has at least the size of its output. */
const SHORTEST_KEY_BYTES = 32;
const DEFAULT_LIFETIME_SECONDS = 3600;
/** Seconds; later ones have no date (ECMA-262 §21.4.1.1). */
const LAST_DATE = 8.64e12;

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
    .option(
      "--key <file>",
      "sign with an ES256 test key of this file instead, as an OpenID provider would; made if absent",
    )
    .option("--jwks", "with --key: print the key set to publish instead of a token")
    .option("--data-dir <folder>", "where byward dev keeps its secrets", ".byward")
    .option("--json", "print the token with its claims as JSON")
    .action(makeToken);
}

async function makeToken(subject: string, flags: TokenFlags): Promise<void> {
  const { issuer, audience, type, id: tokenId, claim: claims, expires: expiresIn } = flags;
  const now = Date.now();
  if (flags.jwks === true) {
    if (flags.key === undefined) {
      throw new CommandFailure("token.jwks", "--jwks prints the key set of a key: name its file with --key.", {
        exitCode: 2,
      });
    }
    stdout(JSON.stringify({ keys: [(await testKey(flags.key)).publicJwk] }, null, 2));
    return;
  }
  const told: TokenClaims = {
    subject,
    now,
    expiresIn,
    claims,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    ...(type === undefined ? {} : { type }),
    ...(tokenId === undefined ? {} : { tokenId }),
  };
  const token = await signed(told, flags);
  if (flags.json !== true) {
    stdout(token);
    return;
  }
  // As the token says it: a claim may have taken the place of one of its own.
  const { sub, exp } = payloadOf(token);
  const expiresAt = typeof exp === "number" && Math.abs(exp) <= LAST_DATE ? new Date(exp * 1000).toISOString() : null;
  stdout(JSON.stringify({ token, subject: sub, claims, expiresAt }, null, 2));
}

function payloadOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;
}

async function signed(claims: TokenClaims, flags: TokenFlags): Promise<string> {
  if (flags.key !== undefined) return mintSigned({ ...claims, key: await testKey(flags.key) });
  assertSecretName(flags.secret);
  return mintBearer({ ...claims, secret: bearerSecret(flags.secret, flags.dataDir) });
}

/** A key pair kept in a file of the owner's alone. For tests: a provider keeps its keys elsewhere. */
async function testKey(path: string): Promise<TokenKey> {
  if (existsSync(path)) return readKey(path);
  const key = await createTokenKey("ES256", randomUUID());
  writeFileSync(path, JSON.stringify(key, null, 2), { mode: 0o600, flag: "wx" });
  stderr(
    paint(
      "dim",
      `made a test key in ${path}; publish its key set: byward token --key ${path} --jwks x`,
      process.stderr,
    ),
  );
  return key;
}

function readKey(path: string): TokenKey {
  try {
    const key = JSON.parse(readFileSync(path, "utf8")) as Partial<Record<keyof TokenKey, unknown>> | null;
    const parts = [key?.kid, key?.algorithm, key?.privateJwk, key?.publicJwk];
    if (parts.every((part) => typeof part === "string" || (typeof part === "object" && part !== null))) {
      return key as TokenKey;
    }
  } catch {
    // Not shown: the parser's message quotes the text, which may be a key.
  }
  throw new CommandFailure("token.key", "The file holds no test key.", {
    where: path,
    hint: "Name a file that is not there: a key is made in it.",
    exitCode: 2,
  });
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
