/**
 * Owns strict JSON for credentials: RFC 8259 grammar, and besides that no duplicate names, a depth cap, finite numbers
 * and well-formed strings. Two parsers must never read one credential differently.
 *
 * Values are frozen and objects inherit nothing, so `__proto__` and `constructor` are names like any other.
 */

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export type JsonFailure = "json.syntax" | "json.duplicate_name" | "json.depth" | "json.number" | "json.string";
export type JsonResult =
  | { readonly ok: true; readonly value: JsonValue }
  | { readonly ok: false; readonly reason: JsonFailure };

export interface JsonLimits {
  /** How many arrays and objects may stand inside each other. */
  readonly depth: number;
}

const DEFAULT_LIMITS: JsonLimits = { depth: 16 };
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Parses UTF-8 bytes; a byte order mark or an invalid sequence is a failure. */
export function parseStrictJsonBytes(bytes: Uint8Array, limits?: JsonLimits): JsonResult {
  const text = decodeUtf8(bytes);
  return text === null ? { ok: false, reason: "json.string" } : parseStrictJson(text, limits);
}

/** The text of UTF-8 bytes, or null where they are not UTF-8. A byte order mark stays visible. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    return null;
  }
}

export function parseStrictJson(text: string, limits: JsonLimits = DEFAULT_LIMITS): JsonResult {
  try {
    return { ok: true, value: new Reader(text, limits.depth).document() };
  } catch (error) {
    if (error instanceof StrictJsonError) return { ok: false, reason: error.reason };
    throw error;
  }
}

export function isJsonObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class StrictJsonError extends Error {
  readonly reason: JsonFailure;
  constructor(reason: JsonFailure) {
    super(reason);
    this.reason = reason;
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * Objects that inherit nothing: their prototype is one empty frozen object without a prototype. V8 keeps these fast,
 * unlike those of `Object.create(null)`, and a token is parsed on every request.
 */
class Bare {
  [name: string]: JsonValue;
}
Object.setPrototypeOf(Bare.prototype, null);
Reflect.deleteProperty(Bare.prototype, "constructor");
Object.freeze(Bare.prototype);

const ESCAPES: Readonly<Record<string, string>> = Object.freeze({
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
});

/** A recursive-descent reader over one text; `#at` is the index of the next character. */
class Reader {
  readonly #text: string;
  #at = 0;
  #room: number;

  constructor(text: string, depth: number) {
    this.#text = text;
    this.#room = depth;
  }

  document(): JsonValue {
    const value = this.#value();
    if (!Number.isNaN(this.#peek())) throw new StrictJsonError("json.syntax");
    return value;
  }

  /** The code of the next character that is not white space; NaN at the end. */
  #peek(): number {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 32 || code === 10 || code === 13 || code === 9) code = this.#text.charCodeAt(++this.#at);
    return code;
  }

  #value(): JsonValue {
    switch (this.#peek()) {
      case OPEN_BRACE:
        return this.#object();
      case OPEN_BRACKET:
        return this.#array();
      case QUOTE:
        return this.#string();
      case 116:
        return this.#word("true", true);
      case 102:
        return this.#word("false", false);
      case 110:
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(): JsonObject {
    this.#enter();
    const object = new Bare();
    if (!this.#take(CLOSE_BRACE)) {
      do {
        if (this.#peek() !== QUOTE) throw new StrictJsonError("json.syntax");
        const name = this.#string();
        // `in` is exact here: the object inherits nothing.
        if (name in object) throw new StrictJsonError("json.duplicate_name");
        this.#expect(COLON);
        object[name] = this.#value();
      } while (this.#take(COMMA));
      this.#expect(CLOSE_BRACE);
    }
    this.#room++;
    return Object.freeze(object);
  }

  #array(): readonly JsonValue[] {
    this.#enter();
    const items: JsonValue[] = [];
    if (!this.#take(CLOSE_BRACKET)) {
      do items.push(this.#value());
      while (this.#take(COMMA));
      this.#expect(CLOSE_BRACKET);
    }
    this.#room++;
    return Object.freeze(items);
  }

  #string(): string {
    const start = ++this.#at;
    let plain = true;
    let code = this.#text.charCodeAt(this.#at);
    while (code !== QUOTE) {
      // NaN, the end of the text, is not >= 32 either.
      if (!(code >= 32)) throw new StrictJsonError("json.syntax");
      if (code === BACKSLASH) return this.#escaped(start);
      if (code > 127) plain = false;
      code = this.#text.charCodeAt(++this.#at);
    }
    const text = this.#text.slice(start, this.#at++);
    return plain ? text : assertWellFormed(text);
  }

  /** The slow path, from the first backslash on. */
  #escaped(start: number): string {
    let text = this.#text.slice(start, this.#at);
    for (;;) {
      const character = this.#text.charAt(this.#at++);
      if (character === '"') return assertWellFormed(text);
      if (character === "\\") text += this.#escape();
      else if (character >= " ") text += character;
      else throw new StrictJsonError("json.syntax");
    }
  }

  #escape(): string {
    const letter = this.#text.charAt(this.#at++);
    if (letter !== "u") {
      const plain = letter === "" ? undefined : ESCAPES[letter];
      if (plain === undefined) throw new StrictJsonError("json.syntax");
      return plain;
    }
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new StrictJsonError("json.syntax");
    this.#at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw new StrictJsonError("json.syntax");
    this.#at = NUMBER.lastIndex;
    const value = Number(match[0]);
    if (!Number.isFinite(value)) throw new StrictJsonError("json.number");
    return value;
  }

  #word<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) throw new StrictJsonError("json.syntax");
    this.#at += word.length;
    return value;
  }

  #enter(): void {
    if (this.#room-- === 0) throw new StrictJsonError("json.depth");
    this.#at++;
  }

  #take(code: number): boolean {
    if (this.#peek() !== code) return false;
    this.#at++;
    return true;
  }

  #expect(code: number): void {
    if (!this.#take(code)) throw new StrictJsonError("json.syntax");
  }
}

/** A lone surrogate has no UTF-8 form: two identities that differ only there would share one digest. */
function assertWellFormed(text: string): string {
  if (!text.isWellFormed()) throw new StrictJsonError("json.string");
  return text;
}
