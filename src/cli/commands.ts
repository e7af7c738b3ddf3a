/** Owns the list of commands, in the order `byward --help` shows them. A file is loaded only when its command is called. */
import type { CommandEntry } from "./command.ts";

export const COMMANDS: readonly CommandEntry[] = [
  { name: "new", summary: "Make a project that runs", load: () => import("./commands/new.ts") },
  { name: "dev", summary: "Run a registry, restart on change", load: () => import("./commands/dev.ts") },
  { name: "serve", summary: "Run a registry", load: () => import("./commands/serve.ts") },
  { name: "build", summary: "Write what another platform needs", load: () => import("./commands/build.ts") },
  { name: "access", summary: "Show who may reach what", load: () => import("./commands/access.ts") },
  { name: "attack", summary: "Send it the known bad things", load: () => import("./commands/attack.ts") },
  { name: "decisions", summary: "Read and verify the decision log", load: () => import("./commands/decisions.ts") },
  { name: "token", summary: "Make a bearer token, offline", load: () => import("./commands/token.ts") },
  { name: "sign", summary: "Sign a delivery in a webhook's format, offline", load: () => import("./commands/sign.ts") },
  { name: "verify", summary: "Say why a token or delivery is refused", load: () => import("./commands/verify.ts") },
  { name: "check", summary: "Say what is wrong with a Bynk project", load: () => import("./commands/check.ts") },
  { name: "compile", summary: "Compile a Bynk project to TypeScript", load: () => import("./commands/compile.ts") },
  { name: "explain", summary: "Say what a diagnostic of Bynk means", load: () => import("./commands/explain.ts") },
  { name: "data", summary: "Look at and look after a data directory", load: () => import("./commands/data.ts") },
];
