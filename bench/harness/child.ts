/**
 * Runs one side of a pair in a process of its own: `node child.ts <module> <options as JSON>`, told what to do over the
 * process channel. A server module exports `serve(options)`, a load module `open(options)`; either may add commands.
 */
import { type Begin, runRound } from "./round.ts";

type Command = (argument: unknown) => unknown;

/** What a server module's `serve` and a load module's `open` resolve to. */
export interface Side {
  readonly url?: string;
  /** A load: begins one call. */
  readonly begin?: Begin;
  readonly commands?: Readonly<Record<string, Command>>;
  /** Ends what the side started outside its process; it has a few seconds for it. */
  close?(): Promise<void>;
}

interface SideModule {
  serve?(options: never): Promise<Side>;
  open?(options: never): Promise<Side>;
}

interface Order {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

const [, , modulePath, optionsText] = process.argv;
const imported = (await import(modulePath!)) as SideModule;
const side = await (imported.serve ?? imported.open!)(JSON.parse(optionsText!) as never);

const own: Readonly<Record<string, Command>> = {
  round: (argument) => {
    const { window, ms } = argument as { window: number; ms: number };
    return runRound(side.begin!, window, ms);
  },
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  memory: () => {
    // Twice: what the first one finds finalised, the second one frees.
    for (let count = 0; count < 2; count++) (globalThis as { gc?: () => void }).gc?.();
    return process.memoryUsage();
  },
};

process.on("message", (order: Order) => {
  const command = side.commands?.[order.name] ?? own[order.name];
  Promise.resolve()
    .then(() => command!(order.argument))
    .then(
      (value) => process.send!({ id: order.id, value }),
      (error: unknown) => process.send!({ id: order.id, error: error instanceof Error ? error.stack : String(error) }),
    );
});
process.on("disconnect", async () => {
  try {
    await side.close?.();
  } finally {
    process.exit();
  }
});
process.send!({ id: 0, value: side.url ?? "" });
