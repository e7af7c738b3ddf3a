/** Reads the Wycheproof files beside the project; where the folder is absent, says so once and gives none. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface WycheproofTest {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
  readonly [name: string]: unknown;
}
export interface WycheproofGroup {
  readonly tests: readonly WycheproofTest[];
  readonly [name: string]: unknown;
}

const FOLDER = fileURLToPath(new URL("../../../shared/vectors/wycheproof/", import.meta.url));

export const hasWycheproof = existsSync(FOLDER);
if (!hasWycheproof) console.log("Wycheproof vectors: ../shared/vectors is absent, so none of them runs.");

export function wycheproofGroups(file: string): readonly WycheproofGroup[] {
  const document = JSON.parse(readFileSync(`${FOLDER}${file}`, "utf8")) as { testGroups: readonly WycheproofGroup[] };
  return document.testGroups;
}

/** Counts what happened to the cases of one file, and prints it. */
export class Tally {
  readonly #file: string;
  accepted = 0;
  refused = 0;
  /** Valid cases that are refused, by why: rules that are stricter on purpose, or algorithms that are not offered. */
  readonly stricter = new Map<string, number[]>();
  /** Cases that ask for something no party of ours does, by why. */
  readonly inapplicable = new Map<string, number>();

  constructor(file: string) {
    this.#file = file;
  }

  /** Notes a verdict. Throws when something that must fail has verified. */
  note(test: WycheproofTest, verified: boolean, whyStricter: string | null): void {
    if (verified && test.result === "invalid")
      throw new Error(`${this.#file} #${test.tcId} (${test.comment}) verified.`);
    if (verified) this.accepted++;
    else if (test.result !== "valid") this.refused++;
    else if (whyStricter === null)
      throw new Error(`${this.#file} #${test.tcId} (${test.comment}) is valid and was refused.`);
    else this.stricter.set(whyStricter, [...(this.stricter.get(whyStricter) ?? []), test.tcId]);
  }

  skip(why: string): void {
    this.inapplicable.set(why, (this.inapplicable.get(why) ?? 0) + 1);
  }

  print(): void {
    const stricter = [...this.stricter].map(([why, ids]) => `${ids.length} valid refused (${why})`);
    const skipped = [...this.inapplicable].map(([why, count]) => `${count} not applicable (${why})`);
    const parts = [`${this.accepted} accepted`, `${this.refused} refused`, ...stricter, ...skipped];
    console.log(`${this.#file}: ${parts.join(", ")}`);
  }
}
