/**
 * Owns what a Cedar schema declares, as far as requests are made from it: which attributes an entity type has, which actions
 * there are, to whom and in which context they apply. What is not declared is not sent.
 */
import { ConfigurationError } from "../boundary/errors.ts";

/** Names of a record's attributes; the attributes of those that are records themselves. */
export type Attributes = ReadonlyMap<string, Attributes | null>;

export interface EntityShape {
  readonly attributes: Attributes;
  readonly memberOf: readonly string[];
}
export interface ActionShape {
  readonly principals: readonly string[];
  readonly resources: readonly string[];
  readonly context: Attributes;
}

/** The part of a schema that lies in one namespace, by names without it. */
export interface DeclaredSchema {
  readonly entities: ReadonlyMap<string, EntityShape>;
  readonly actions: ReadonlyMap<string, ActionShape>;
  /** The name with its namespace. */
  qualify(name: string): string;
}

type Json = Readonly<Record<string, unknown>>;

/** @throws ConfigurationError `cedar.namespace` where the schema has no such namespace */
export function readSchema(json: unknown, namespace: string): DeclaredSchema {
  const spaces = json as Readonly<Record<string, Json>>;
  if (!Object.hasOwn(spaces, namespace)) {
    const known = Object.keys(spaces).map((name) => (name === "" ? "none" : name));
    throw new ConfigurationError(
      "cedar.namespace",
      `cedar(): the schema declares nothing in ${namespace === "" ? "no namespace" : `namespace ${namespace}`}; it has: ${known.join(", ")}. Name it with the option \`namespace\`.`,
    );
  }
  const space = spaces[namespace]!;
  const commons = (space["commonTypes"] ?? {}) as Readonly<Record<string, Json>>;
  const local = (name: string): string => (namespace === "" ? name : name.replace(`${namespace}::`, ""));
  const names = (list: unknown): readonly string[] => ((list ?? []) as readonly string[]).map(local);
  const entities = Object.entries((space["entityTypes"] ?? {}) as Readonly<Record<string, Json>>);
  const actions = Object.entries((space["actions"] ?? {}) as Readonly<Record<string, Json>>);
  return {
    entities: new Map(
      entities.map(([name, type]) => [
        name,
        { attributes: attributesOf(type["shape"], commons, local), memberOf: names(type["memberOfTypes"]) },
      ]),
    ),
    actions: new Map(
      actions.map(([name, type]) => {
        const applies = (type["appliesTo"] ?? {}) as Json;
        return [
          name,
          {
            principals: names(applies["principalTypes"]),
            resources: names(applies["resourceTypes"]),
            context: attributesOf(applies["context"], commons, local),
          },
        ];
      }),
    ),
    qualify: (name) => (namespace === "" ? name : `${namespace}::${name}`),
  };
}

const NONE: Attributes = new Map();

function attributesOf(
  type: unknown,
  commons: Readonly<Record<string, Json>>,
  local: (name: string) => string,
): Attributes {
  const record = recordOf(type, commons, local);
  if (record === null) return NONE;
  const attributes = Object.entries((record["attributes"] ?? {}) as Json);
  return new Map(
    attributes.map(([name, of]) => {
      const isRecord = recordOf(of, commons, local) !== null;
      return [name, isRecord ? attributesOf(of, commons, local) : null];
    }),
  );
}

/** The record that a type is, or that the common type it names is; null for other types. */
function recordOf(
  type: unknown,
  commons: Readonly<Record<string, Json>>,
  local: (name: string) => string,
  depth = 0,
): Json | null {
  if (typeof type !== "object" || type === null || depth > 32) return null;
  const given = type as Json;
  if (given["type"] === "Record") return given;
  const name = local(String(given["name"] ?? given["type"]));
  return Object.hasOwn(commons, name) ? recordOf(commons[name], commons, local, depth + 1) : null;
}
