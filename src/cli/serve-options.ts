/** Owns the options that `dev` and `serve` share: where to listen, where to keep state. */
import { type Command, InvalidArgumentError } from "commander";
import type { ServeOptions } from "../registry/registry.ts";

const MAX_WORKERS = 128;

export interface ServeFlags {
  readonly port?: number;
  readonly hostname?: string;
  readonly dataDir?: string;
}

export function addServeOptions(command: Command): Command {
  return command
    .option(
      "-p, --port <port>",
      "port to listen on; 0 takes any that is free (default: 6420, or the next free)",
      readPort,
    )
    .option("--hostname <address>", "address to listen on (default: 127.0.0.1)")
    .option("--data-dir <folder>", "folder that keeps the state (default: .byward)");
}

export function toServeOptions(flags: ServeFlags): ServeOptions {
  return {
    ...(flags.port === undefined ? {} : { port: flags.port }),
    ...(flags.hostname === undefined ? {} : { hostname: flags.hostname }),
    ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
  };
}

/** Threads that run actors. */
export function readWorkers(text: string): number | "auto" {
  if (text === "auto") return text;
  const workers = Number(text);
  if (/^\d+$/.test(text) && workers >= 1 && workers <= MAX_WORKERS) return workers;
  throw new InvalidArgumentError(`Workers are "auto" or a number from 1 to ${MAX_WORKERS}.`);
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a number from 0 to 65535.");
}
