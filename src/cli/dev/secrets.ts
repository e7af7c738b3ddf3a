/**
 * Owns development secrets (ruling 20): made up for names that the environment lacks, kept in `dev-secrets.json` of the
 * data directory (0600, git-ignored), on loopback and outside production only. `byward serve` never comes here.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandFailure } from "../failure.ts";

/** 48 bytes: more than HS256 asks for, and no padding in base64. */
const SECRET_BYTES = 48;
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

type Secrets = Readonly<Record<string, string>>;

/** Where they are kept, for a data directory. */
export function devSecretsFile(dataDir: string): string {
  return join(dataDir, "dev-secrets.json");
}

/** True where made-up secrets are acceptable: nobody but this machine can reach what they guard. */
export function mayUseDevSecrets(hostname: string, env: NodeJS.ProcessEnv): boolean {
  return LOOPBACK.has(hostname) && env["NODE_ENV"] !== "production";
}

/**
 * Puts a secret into `env` for each name that it lacks, the same one as the last time.
 * @returns the names whose secret is made up
 * @throws CommandFailure `dev.secrets_unreadable`
 */
export function supplyDevSecrets(names: readonly string[], dataDir: string, env: NodeJS.ProcessEnv): readonly string[] {
  const absent = names.filter((name) => env[name] === undefined);
  if (absent.length === 0) return [];
  const kept = readDevSecrets(dataDir);
  const secrets: Record<string, string> = { ...kept };
  for (const name of absent) secrets[name] ??= randomBytes(SECRET_BYTES).toString("base64url");
  if (absent.some((name) => kept[name] === undefined)) writeDevSecrets(dataDir, secrets);
  for (const name of absent) env[name] = secrets[name]!;
  return absent;
}

/** The kept secrets by name; none where there is no file. @throws CommandFailure `dev.secrets_unreadable` */
export function readDevSecrets(dataDir: string): Secrets {
  const file = devSecretsFile(dataDir);
  if (!existsSync(file)) return {};
  // A copy or a careless editor may have opened it up.
  chmodSync(file, 0o600);
  try {
    const secrets: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isSecrets(secrets)) return secrets;
  } catch {
    // Not shown: the parser's message quotes the text, which holds secrets.
  }
  throw new CommandFailure("dev.secrets_unreadable", "The development secrets cannot be read.", {
    where: file,
    hint: "Delete the file; new secrets are made up, and tokens made with the old ones end.",
  });
}

function isSecrets(value: unknown): value is Secrets {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((secret) => typeof secret === "string");
}

function writeDevSecrets(dataDir: string, secrets: Secrets): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const ignore = join(dataDir, ".gitignore");
  if (!existsSync(ignore)) writeFileSync(ignore, "*\n");
  const file = devSecretsFile(dataDir);
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
