/**
 * Owns the wire form of values: JSON, as the language defines it. `decode` takes nothing on trust and throws
 * {@link BoundaryFailure} at the first thing that does not fit, in the order of declarations; `encode` of what the type
 * checker let through fails only for numbers JSON cannot say.
 */
import { decodeBase64, encodeBase64 } from "../../boundary/base64.ts";
import { BoundaryFailure, mismatch, unknownKind } from "./boundary-error.ts";
import { Fault } from "./fault.ts";
import { None, type Option, Some } from "./option.ts";
import type { Predicate, Refined, ValidationError } from "./refined.ts";
import { violationOf } from "./refined.ts";
import { Err, Ok, type Result } from "./result.ts";

export interface Codec<T> {
  encode(value: T): unknown;
  /** @throws BoundaryFailure */
  decode(wire: unknown, path: string): T;
}

type Wire = Readonly<Record<string, unknown>>;

function codecOf<T>(decode: (wire: unknown, path: string) => T, encode: (value: T) => unknown): Codec<T> {
  return { decode, encode };
}

const asIs = <T>(value: T): unknown => value;

const whole = codecOf<number>((wire, path) => {
  if (typeof wire !== "number") throw mismatch(path, "integer", wire);
  if (!Number.isSafeInteger(wire)) throw unknownKind(path, "integer", String(wire));
  return wire + 0;
}, asIs);

const float = codecOf<number>(
  (wire, path) => {
    if (typeof wire !== "number") throw mismatch(path, "number", wire);
    if (!Number.isFinite(wire)) throw unknownKind(path, "finite number", String(wire));
    return wire;
  },
  (value) => {
    if (!Number.isFinite(value)) throw new Fault(`${value} cannot be sent: JSON has no such number`);
    return value;
  },
);

const string = codecOf<string>((wire, path) => {
  if (typeof wire !== "string") throw mismatch(path, "string", wire);
  return wire;
}, asIs);

const bool = codecOf<boolean>((wire, path) => {
  if (typeof wire !== "boolean") throw mismatch(path, "boolean", wire);
  return wire;
}, asIs);

const bytes = codecOf<Uint8Array>((wire, path) => {
  if (typeof wire !== "string") throw mismatch(path, "base64 string", wire);
  const decoded = decodeBase64(wire, "required");
  if (decoded === null) throw unknownKind(path, "base64 string", wire);
  return decoded;
}, encodeBase64);

const unit: Codec<void> = { decode: () => undefined, encode: () => null };

function objectOf(wire: unknown, path: string): Wire {
  if (typeof wire !== "object" || wire === null || Array.isArray(wire)) throw mismatch(path, "object", wire);
  return wire as Wire;
}

/** Own members only: what an object inherits was not sent. */
function memberOf(wire: Wire, name: string): unknown {
  return Object.hasOwn(wire, name) ? wire[name] : undefined;
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

// biome-ignore lint/suspicious/noExplicitAny: codecs of fields, each typed by its own field above
type Fields = Readonly<Record<string, Codec<any>>>;

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function record<T extends object>(fields: () => { readonly [Name in keyof T]-?: Codec<T[Name]> }): Codec<T> {
  const known = lazily(() => Object.entries(fields() as Fields));
  return codecOf<T>(
    (wire, path) => {
      const source = objectOf(wire, path);
      const value = {};
      for (const [name, field] of known()) define(value, name, field.decode(memberOf(source, name), `${path}.${name}`));
      return value as T;
    },
    (value) => {
      const wire = {};
      for (const [name, field] of known()) define(wire, name, field.encode((value as Wire)[name]));
      return wire;
    },
  );
}

type Tagged = { readonly tag: string };
type VariantCodecs<T extends Tagged> = {
  readonly [Tag in T["tag"]]: {
    readonly [Name in Exclude<keyof Extract<T, { readonly tag: Tag }>, "tag">]: Codec<
      Extract<T, { readonly tag: Tag }>[Name]
    >;
  };
};

function sum<T extends Tagged>(variants: () => VariantCodecs<T>): Codec<T> {
  const known = lazily(() => {
    const entries = Object.entries(variants() as Readonly<Record<string, Fields>>);
    return new Map(entries.map(([tag, fields]) => [tag, Object.entries(fields)] as const));
  });
  return codecOf<T>(
    (wire, path) => {
      const source = objectOf(wire, path);
      const kind = memberOf(source, "kind");
      const fields = typeof kind === "string" ? known().get(kind) : undefined;
      if (fields === undefined) throw unknownKind(`${path}.kind`, "sum variant kind", kind);
      const value = { tag: kind };
      for (const [name, field] of fields) {
        define(value, name, field.decode(memberOf(source, name), `${path}.${name}`));
      }
      return value as unknown as T;
    },
    (value) => {
      const wire = { kind: value.tag };
      for (const [name, field] of known().get(value.tag) ?? []) {
        define(wire, name, field.encode((value as unknown as Wire)[name]));
      }
      return wire;
    },
  );
}

function option<T>(element: Codec<T>): Codec<Option<T>> {
  return codecOf<Option<T>>(
    (wire, path) => {
      const source = objectOf(wire, path);
      const kind = memberOf(source, "kind");
      if (kind === "None") return None;
      if (kind === "Some") return Some(element.decode(memberOf(source, "value"), `${path}.value`));
      throw unknownKind(`${path}.kind`, "Some | None", kind);
    },
    (value) => (value.tag === "Some" ? { kind: "Some", value: element.encode(value.value) } : { kind: "None" }),
  );
}

function result<T, E>(ok: Codec<T>, error: Codec<E>): Codec<Result<T, E>> {
  return codecOf<Result<T, E>>(
    (wire, path) => {
      const source = objectOf(wire, path);
      const kind = memberOf(source, "kind");
      if (kind === "Ok") return Ok(ok.decode(memberOf(source, "value"), `${path}.value`));
      if (kind === "Err") return Err(error.decode(memberOf(source, "error"), `${path}.error`));
      throw unknownKind(`${path}.kind`, "Ok | Err", kind);
    },
    (value) =>
      value.tag === "Ok"
        ? { kind: "Ok", value: ok.encode(value.value) }
        : { kind: "Err", error: error.encode(value.error) },
  );
}

function list<T>(element: Codec<T>): Codec<readonly T[]> {
  return codecOf<readonly T[]>(
    (wire, path) => {
      if (!Array.isArray(wire)) throw mismatch(path, "array", wire);
      return wire.map((item, index) => element.decode(item, `${path}[${index}]`));
    },
    (value) => value.map((item) => element.encode(item)),
  );
}

function map<K, V>(key: Codec<K>, value: Codec<V>): Codec<ReadonlyMap<K, V>> {
  return codecOf<ReadonlyMap<K, V>>(
    (wire, path) => {
      if (!Array.isArray(wire)) throw mismatch(path, "array", wire);
      return new Map(
        wire.map((entry: unknown, index) => {
          if (!Array.isArray(entry) || entry.length !== 2) {
            throw mismatch(`${path}[${index}]`, "[key, value] entry", entry);
          }
          return [
            key.decode(entry[0], `${path}[${index}][0]`),
            value.decode(entry[1], `${path}[${index}][1]`),
          ] as const;
        }),
      );
    },
    (entries) => [...entries].map(([name, held]) => [key.encode(name), value.encode(held)]),
  );
}

function refinedCodec<Base, T extends Base>(base: Codec<Base>, type: Pick<Refined<Base, T>, "of">): Codec<T> {
  return codecOf<T>(
    (wire, path) => {
      const made = type.of(base.decode(wire, path));
      if (made.tag === "Ok") return made.value;
      throw new BoundaryFailure({ kind: "RefinementViolation", path, violation: made.error });
    },
    (value) => base.encode(value),
  );
}

/** A field with predicates of its own besides what its type demands. */
function where<Base, T extends Base>(
  field: string,
  inner: Codec<T>,
  ...predicates: readonly Predicate<Base>[]
): Codec<T> {
  return codecOf<T>(
    (wire, path) => {
      const value = inner.decode(wire, path);
      const violation = violationOf<Base>(field, value, predicates);
      if (violation === null) return value;
      throw new BoundaryFailure({ kind: "RefinementViolation", path, violation });
    },
    (value) => inner.encode(value),
  );
}

export interface JsonError {
  readonly kind: string;
  readonly path: string;
  readonly message: string;
}

/** What has no wire form; nothing of this kind can be sent or received. */
function unsendable<T>(what: string): Codec<T> {
  const refuse = (): never => {
    throw new Fault(`a value of type ${what} cannot cross a boundary`);
  };
  return { encode: refuse, decode: refuse };
}

/** The codecs of built-in types, and what codecs of declared types are made with. */
export const codec = {
  int: whole,
  float,
  string,
  bool,
  duration: whole,
  instant: whole,
  bytes,
  unit,
  record,
  sum,
  option,
  result,
  list,
  map,
  refined: refinedCodec,
  where,
  unsendable,
  validationError: record<ValidationError>(() => ({ field: string, message: string, value: string })),
  jsonError: record<JsonError>(() => ({ kind: string, path: string, message: string })),
};
