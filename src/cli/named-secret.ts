/**
 * Owns finding a secret by name for offline commands: in the environment, or among the development secrets that
 * `byward dev` made up. A secret is never given on the command line, where it would stay in the shell's history.
 */
import { resolve } from "node:path";
import { devSecretsFile, readDevSecrets } from "./dev/secrets.ts";
import { CommandFailure } from "./failure.ts";
import { paint, stderr } from "./terminal.ts";

/** @throws CommandFailure `secret.missing` */
export function secretNamed(name: string, dataDir: string): string {
  const secret = findSecret(name, dataDir);
  if (secret === undefined || secret.trim().length === 0) {
    throw new CommandFailure("secret.missing", `There is no secret ${name}.`, {
      hint: `Put it into the environment (${name}=…), name another with --secret, or run byward dev once.`,
    });
  }
  return secret;
}

/** The secret of this name, or undefined. Under `NODE_ENV=production` only the environment counts. */
export function findSecret(name: string, dataDir: string): string | undefined {
  const fromEnvironment = process.env[name];
  if (fromEnvironment !== undefined || process.env["NODE_ENV"] === "production") return fromEnvironment;
  const folder = resolve(dataDir);
  const secrets = readDevSecrets(folder);
  if (!Object.hasOwn(secrets, name)) return undefined;
  stderr(paint("dim", `with the development secret ${name} of ${devSecretsFile(folder)}`, process.stderr));
  return secrets[name];
}

/** @throws CommandFailure `secret.name`; the value is not shown: it may be the secret itself */
export function assertSecretName(name: string): void {
  if (/^[A-Z][A-Z0-9_]*$/.test(name)) return;
  throw new CommandFailure("secret.name", "--secret takes the name of an environment variable, not the secret.", {
    hint: "Name it in capitals, digits and _, such as --secret AUTH_JWT_SECRET.",
    exitCode: 2,
  });
}
