/** Owns `byward dev`: runs a registry for its author, restarts it on change, and prints what is needed to call it. */
import { type Command, InvalidArgumentError } from "commander";
import { BynkEntry } from "../bynk/entry.ts";
import { isBynk } from "../bynk/project.ts";
import type { Welcome } from "../dev/messages.ts";
import { Supervisor, type SupervisorEvents } from "../dev/supervisor.ts";
import { CommandFailure } from "../failure.ts";
import { addServeOptions, type ServeFlags } from "../serve-options.ts";
import { shownPath } from "../shown-path.ts";
import { waitForStop } from "../stop.ts";
import { paint, stderr, stdout } from "../terminal.ts";

interface DevFlags extends ServeFlags {
  readonly as?: string;
  readonly json?: boolean;
}

export function define(command: Command): void {
  addServeOptions(command)
    .description(
      "Run a registry and restart it when one of its files changes. Secrets that the environment lacks are made up,\n" +
        "on loopback and outside production; a development token is printed for each bearer party.",
    )
    .argument("<entry>", "file that exports the registry, such as src/registry.ts; or a Bynk file or project")
    .option("--as <subject>", "subject of the development tokens (default: alice)", readSubject)
    .option("--json", "print events as lines of JSON")
    .action(develop);
}

async function develop(entry: string, flags: DevFlags): Promise<void> {
  if (process.env["NODE_ENV"] === "production") {
    throw new CommandFailure("dev.production", "byward dev does not run with NODE_ENV=production.", {
      hint: "Use byward serve, with its secrets in the environment.",
    });
  }
  const { port, hostname, dataDir, as: subject } = flags;
  const events = flags.json === true ? jsonEvents() : textEvents();
  const bynk = isBynk(entry) ? await BynkEntry.open(entry, flags.json === true) : undefined;
  const supervisor = new Supervisor({ entry: bynk?.file ?? entry, port, hostname, dataDir, subject }, events);
  const sources = bynk?.watch(() => supervisor.start());
  if (bynk?.isSound !== false) supervisor.start();
  await waitForStop();
  sources?.close();
  await supervisor.stop();
}

function readSubject(text: string): string {
  if (text.length > 0) return text;
  throw new InvalidArgumentError("A subject has at least one character.");
}

function jsonEvents(): SupervisorEvents {
  const print = (event: string, more: object): void => stdout(JSON.stringify({ event, ...more }));
  return {
    serving: (welcome) => print("serving", welcome),
    failed: ({ failure }) => print("failed", { error: failure }),
    died: (how) => print("died", { how }),
    changed: (file) => print("changed", { file }),
  };
}

function textEvents(): SupervisorEvents {
  return {
    serving: (welcome, isRestart) => stdout(isRestart ? paint("green", "Running again.") : renderWelcome(welcome)),
    failed: ({ text }) => stderr(`${text}\n${paint("dim", "  Waiting for a change …", process.stderr)}`),
    died: (how) => stderr(`${paint("red", "✗", process.stderr)} The process ended (${how}). Waiting for a change …`),
    changed: (file) => stdout(paint("dim", `${shownPath(file)} changed`)),
  };
}

function renderWelcome(welcome: Welcome): string {
  const { url, dataDir, madeUp, tokens, hints } = welcome;
  const lines = [`${paint("bold", url)}  ${paint("dim", `state in ${shownPath(dataDir)}`)}`];
  if (madeUp.length > 0) lines.push(paint("dim", `development secrets for ${madeUp.join(", ")}`));
  const width = Math.max(0, ...tokens.map(({ party }) => party.length));
  if (tokens.length > 0) lines.push("", paint("bold", "Tokens"));
  for (const { party, subject, claims, token } of tokens) {
    const extra = Object.keys(claims).length === 0 ? "" : ` ${JSON.stringify(claims)}`;
    lines.push(`  ${party.padEnd(width)}  ${paint("dim", `${subject}${extra}`)}`, `  ${token}`);
  }
  if (hints.length > 0) lines.push("", paint("bold", "Try"));
  for (const { title, command } of hints) lines.push(paint("dim", `  # ${title}`), `  ${command}`);
  return lines.join("\n");
}
