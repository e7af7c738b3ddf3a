/** Patterns as conditions on a path, and the values they give names to. */
import type { Local } from "../check/model.ts";
import type { Pattern } from "../syntax/ast.ts";
import type { Body } from "./body.ts";
import { quote } from "./code.ts";
import { predicateText } from "./types.ts";

/** One way to match: everything that must hold, and what is bound then. */
export interface Alternative {
  readonly tests: readonly string[];
  readonly binds: readonly Bind[];
}

export interface Bind {
  readonly local: Local;
  readonly path: string;
}

const ALWAYS: Alternative = { tests: [], binds: [] };

/** All ways in which the value at `path` matches: more than one where `|` binds names. */
export function alternatives(body: Body, pattern: Pattern, path: string): readonly Alternative[] {
  if (pattern.kind === "ParenPattern") return alternatives(body, pattern.inner, path);
  if (pattern.kind === "OrPattern") return either(pattern.alternatives.map((part) => alternatives(body, part, path)));
  const resolved = body.typing.patterns.get(pattern);
  switch (resolved?.kind) {
    case "bind":
      return [{ tests: [], binds: [{ local: resolved.local, path }] }];
    case "literal":
      return [{ tests: [literalTest(path, resolved.value)], binds: [] }];
    case "variant":
    case "builtinVariant": {
      const name = resolved.kind === "variant" ? resolved.variant.name : resolved.variant;
      const own: Alternative = { tests: [`${path}.tag === ${quote(name)}`], binds: [] };
      const parts = resolved.fields.map(({ field, pattern: sub }) => alternatives(body, sub, `${path}.${field}`));
      return parts.reduce(both, [own]);
    }
    case "caller": {
      const own: Alternative = { tests: [`${path}.party === ${quote(resolved.actor.name)}`], binds: [] };
      if (resolved.identity === undefined) return [own];
      return both([own], alternatives(body, resolved.identity, `${path}.identity`));
    }
    case "refined":
      return [{ tests: [refinedTest(body, resolved, path)], binds: [] }];
    default:
      return [ALWAYS];
  }
}

function refinedTest(
  body: Body,
  {
    type,
    predicates,
  }: {
    type: Parameters<typeof body.module.type>[0] | undefined;
    predicates: readonly Parameters<typeof predicateText>[1][];
  },
  path: string,
): string {
  if (type !== undefined) return `${body.module.type(type)}.is(${path})`;
  return predicates.map((predicate) => `${predicateText(body.module, predicate)}.holds(${path})`).join(" && ");
}

function literalTest(path: string, value: number | string | boolean): string {
  if (value === true) return path;
  if (value === false) return `!${path}`;
  return `${path} === ${typeof value === "string" ? quote(value) : value + 0}`;
}

/** Alternatives that bind nothing are one condition; those that bind stay apart, under the names of the first. */
function either(options: readonly (readonly Alternative[])[]): readonly Alternative[] {
  const all = options.flat();
  const [first] = all;
  if (first === undefined) return [ALWAYS];
  if (all.every(({ binds }) => binds.length === 0)) {
    if (all.some(({ tests }) => tests.length === 0)) return [ALWAYS];
    const parts = all.map(({ tests }) => (tests.length > 1 ? `(${tests.join(" && ")})` : tests.join("")));
    return [{ tests: [`(${parts.join(" || ")})`], binds: [] }];
  }
  const named = new Map(first.binds.map(({ local }) => [local.name, local]));
  return all.map(({ tests, binds }) => ({
    tests,
    binds: binds.map(({ local, path }) => ({ local: named.get(local.name) ?? local, path })),
  }));
}

function both(left: readonly Alternative[], right: readonly Alternative[]): readonly Alternative[] {
  return left.flatMap((a) => right.map((b) => ({ tests: [...a.tests, ...b.tests], binds: [...a.binds, ...b.binds] })));
}
