/**
 * Owns the registry under attack: its own definitions and handlers on the real Node host, on loopback, in a data directory of
 * its own, with secrets made up for the occasion. The real ones are not read. What would only slow the attack down, counting
 * failed proofs and rate rules, is lifted and said so.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { columnsOf, partiesOf } from "../access/matrix.ts";
import { type AnyParty, baseOf } from "../boundary/party.ts";
import type { Registry, RegistryConfig } from "../registry/registry.ts";
import type { RouteEntry } from "../services/entrypoints.ts";
import { createProvider } from "../testing/provider.ts";
import { makeSecrets } from "../testing/secrets.ts";
import { Mint } from "./holders.ts";
import { OutputCapture } from "./output-capture.ts";
import { Witness } from "./witness.ts";

export interface Stage {
  readonly url: string;
  readonly dataDir: string;
  readonly registry: Registry;
  readonly config: RegistryConfig;
  readonly witness: Witness;
  readonly mint: Mint;
  readonly output: OutputCapture;
  /** Secrets that must never be seen outside. */
  readonly secrets: readonly string[];
  /** Limits as they were before they were lifted. */
  readonly declared: { readonly maxFailedAuthentications: number; readonly hasRates: boolean };
  /** What was thrown where nobody caught it. */
  readonly crashes: readonly string[];
  close(): Promise<void>;
}

/** Serves a registry that nothing has started yet. Its outputs are captured until `close`. */
export async function openStage(registry: Registry): Promise<Stage> {
  const { config } = registry;
  const parties = new Set<AnyParty>(partiesOf(config).map(baseOf));
  const secrets = await makeSecrets(parties, {});
  const provider = await createProvider(parties);
  const undo = [
    replaceEnvironment({ ...Object.fromEntries(secrets.env), BYWARD_LOG: "debug" }),
    replaceFetch([...parties].some(({ scheme }) => scheme.kind === "oidc") ? provider.fetch : null),
  ];
  const declared = liftCounting(config);
  const witness = new Witness();
  witness.watch(config);
  const output = new OutputCapture();
  const crashes: string[] = [];
  undo.push(watchCrashes(crashes));
  const dataDir = mkdtempSync(join(tmpdir(), "byward-attack-"));
  undo.push(removeWhenStopped(dataDir));
  output.start();
  const end = async (): Promise<void> => {
    output.stop();
    for (const one of undo) one();
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const served = await registry.serve({ port: 0, dataDir });
    const deaf = await witness.listen(registry);
    return {
      url: served.url,
      dataDir,
      registry,
      config,
      witness,
      mint: new Mint({ parties, secrets, provider }),
      output,
      secrets: [...new Set([...secrets.env.values(), ...secrets.signing.values()])],
      declared,
      crashes,
      close: async () => {
        deaf();
        await served.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Columns of a registry's matrix. */
export function columnsOn({ config }: Stage): ReturnType<typeof columnsOf> {
  return columnsOf(config);
}

function replaceEnvironment(values: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/** Keys of providers come from the attack; nothing else of the registry's requests is held up. */
function replaceFetch(provider: ((input: string) => Promise<Response>) | null): () => void {
  if (provider === null) return () => {};
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    return /\/\.well-known\/openid-configuration$|\/(?:keys|jwks)[^/]*$/.test(address)
      ? provider(address)
      : real(input, init);
  };
  return () => {
    globalThis.fetch = real;
  };
}

function watchCrashes(crashes: string[]): () => void {
  const note = (error: unknown): void => {
    crashes.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  const { exit } = process;
  // Ended in the middle, the attack would say nothing, with whatever exit code the program chose.
  process.exit = (code) => {
    const ended = new Error(`process.exit(${code ?? ""}) was called`);
    note(ended);
    throw ended;
  };
  syncBuiltinESMExports();
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  return () => {
    process.off("uncaughtException", note);
    process.off("unhandledRejection", note);
    process.exit = exit;
    syncBuiltinESMExports();
  };
}

/** Who stops the attack ends the process, as without this; what handlers have written does not stay behind. */
function removeWhenStopped(dataDir: string): () => void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const forget = (): void => {
    for (const signal of signals) process.off(signal, stop);
  };
  const stop = (signal: NodeJS.Signals): void => {
    forget();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, stop);
  return forget;
}

/** Hundreds of bad credentials from one address would otherwise all be answered by the first limit. */
function liftCounting(config: RegistryConfig): Stage["declared"] {
  const { maxFailedAuthentications } = config.limits;
  const routes = config.services.flatMap(({ routes }) => routes);
  const hasRates = config.rate.length > 0 || routes.some(({ rate }) => rate.length > 0);
  const open = config as { -readonly [Key in keyof RegistryConfig]: RegistryConfig[Key] };
  open.limits = { ...config.limits, maxFailedAuthentications: Number.POSITIVE_INFINITY };
  open.rate = [];
  for (const route of routes) (route as { rate: RouteEntry["rate"] }).rate = [];
  return { maxFailedAuthentications, hasRates };
}
