/**
 * Names of emitted code. An author's name is kept wherever JavaScript allows it; where it does not, or another thing has it
 * already, underscores are added. Two things never share a name within a scope, so the mapping is injective.
 */

/** Words that no binding of a module may have. */
const RESERVED: ReadonlySet<string> = new Set([
  ..."break case catch class const continue debugger default delete do else enum export extends false finally for".split(
    " ",
  ),
  ..."function if import in instanceof new null return super switch this throw true try typeof var void while with".split(
    " ",
  ),
  ..."yield let static implements interface package private protected public await arguments eval async of".split(" "),
  ..."undefined NaN Infinity globalThis".split(" "),
]);

/** What emitted code takes from the platform; nothing of the author's may hide it. */
const PLATFORM: ReadonlySet<string> = new Set([
  ..."Promise Math Number String Boolean Object Array Map Set Date JSON Error Uint8Array ReadonlyMap Readonly Record".split(
    " ",
  ),
]);

/** Names of TypeScript's own types, and words that begin a type: a module must not declare them. */
const TYPES: ReadonlySet<string> = new Set([
  ..."any unknown never number string boolean object symbol bigint".split(" "),
  ..."infer keyof readonly unique".split(" "),
]);

/** A scope of names; inner scopes also avoid those of outer ones. */
export class NameScope {
  readonly #taken = new Set<string>();
  /** The next number to try behind a name: a name that is bound again and again is not counted from two each time. */
  readonly #next = new Map<string, number>();
  readonly #outer: NameScope | undefined;
  readonly #forbidden: (name: string) => boolean;

  /** `forbidden` names are not given out here; inner scopes may give them out. */
  constructor(outer: NameScope | undefined, forbidden: (name: string) => boolean = () => false) {
    this.#outer = outer;
    this.#forbidden = forbidden;
  }

  /** True where the name stands for something already. */
  has(name: string): boolean {
    return this.#taken.has(name) || PLATFORM.has(name) || (this.#outer?.has(name) ?? false);
  }

  /** Takes `wanted`, or a name close to it. */
  claim(wanted: string): string {
    const name = this.#free(wanted);
    this.#taken.add(name);
    return name;
  }

  #free(wanted: string): string {
    if (!RESERVED.has(wanted) && this.#isFree(wanted)) return wanted;
    if (this.#isFree(`${wanted}_`)) return `${wanted}_`;
    for (let index = this.#next.get(wanted) ?? 2; ; index++) {
      const name = `${wanted}${index}`;
      if (!this.#isFree(name)) continue;
      this.#next.set(wanted, index + 1);
      return name;
    }
  }

  #isFree(name: string): boolean {
    return !this.has(name) && !this.#forbidden(name);
  }
}

/** The scope of a module. `isLocal` tells names that functions of the module have already used for their own. */
export function createModuleScope(isLocal: (name: string) => boolean): NameScope {
  return new NameScope(undefined, (name) => TYPES.has(name) || isLocal(name));
}

/** `GET /visits/:card` as a name: `getVisitsByCard`. Only the scope makes it unique. */
export function routeName(method: string, path: string): string {
  const words = path
    .split("/")
    .flatMap((segment) => (segment.startsWith(":") ? ["by", ...wordsOf(segment)] : wordsOf(segment)));
  return camel([method.toLowerCase(), ...(words.length === 0 ? ["root"] : words)]);
}

/** `library.desk` as a name: `libraryDesk`. */
export function dottedName(name: string): string {
  return camel(name.split(".").flatMap(wordsOf));
}

function wordsOf(text: string): readonly string[] {
  return text.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
}

function camel(words: readonly string[]): string {
  return words.map((word, index) => (index === 0 ? lowerFirst(word) : upperFirst(word))).join("");
}

export function lowerFirst(word: string): string {
  return word.charAt(0).toLowerCase() + word.slice(1);
}

export function upperFirst(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
