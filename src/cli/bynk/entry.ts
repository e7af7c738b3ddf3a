/**
 * Owns serving a Bynk project in development: compiles it into `.byward/bynk` beside its sources and keeps that up to date.
 * What is served changes only when the whole project is sound again.
 */
import { join } from "node:path";
import { emitRegistry } from "../../bynk/index.ts";
import { CommandFailure } from "../failure.ts";
import { stderr } from "../terminal.ts";
import { writeOutput } from "./output.ts";
import { isBynk } from "./project.ts";
import { report } from "./report.ts";
import { BynkSession, type Round } from "./session.ts";
import { watchSources } from "./watch.ts";

const FOLDER = ".byward/bynk";
const ENTRY = "registry.ts";

export class BynkEntry {
  readonly #session: BynkSession;
  readonly #json: boolean;
  /** The file that exports the registry; there once a round was sound. */
  readonly file: string;
  isSound: boolean;

  constructor(session: BynkSession, json: boolean, first: Round) {
    this.#session = session;
    this.#json = json;
    this.file = join(first.root, FOLDER, ENTRY);
    this.isSound = this.#take(first);
  }

  /** Compiles for the first time. */
  static async open(path: string, json: boolean): Promise<BynkEntry> {
    const session = new BynkSession(path, "bundle");
    return new BynkEntry(session, json, await session.check());
  }

  /** Compiles again when sources change; tells when the project has become sound for the first time. */
  watch(onSound: () => void): { close(): void } {
    const root = this.file.slice(0, -join(FOLDER, ENTRY).length);
    let running = Promise.resolve();
    return watchSources(root, () => {
      running = running
        .then(async () => {
          const wasSound = this.isSound;
          const isSoundNow = this.#take(await this.#session.check());
          this.isSound ||= isSoundNow;
          if (!wasSound && isSoundNow) onSound();
        })
        .catch(told);
    });
  }

  #take(round: Round): boolean {
    const { diagnostics, files, program } = round;
    if (!report({ diagnostics, files, json: this.#json }) || program === undefined) return false;
    const emitted = this.#session.emit(round, FOLDER);
    writeOutput(join(round.root, FOLDER), { ...emitted, [ENTRY]: emitRegistry(program) });
    return true;
  }
}

/** A project that is gone for a moment is not the end of watching it. */
function told(error: unknown): void {
  if (!(error instanceof CommandFailure)) throw error;
  stderr(error.message);
}

/**
 * The file that exports the registry of an entry: the entry itself, or what a Bynk file or project is compiled to.
 * @throws CommandFailure `bynk.unsound`, after its diagnostics were told
 */
export async function registryFile(entry: string): Promise<string> {
  if (!isBynk(entry)) return entry;
  const bynk = await BynkEntry.open(entry, false);
  if (bynk.isSound) return bynk.file;
  throw new CommandFailure("bynk.unsound", `${entry} does not compile.`, { where: entry });
}
