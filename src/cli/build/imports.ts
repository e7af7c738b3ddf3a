/**
 * Owns knowing what a Worker could not load: built-in modules of Node that an entry reaches through static imports, and names
 * that `byward` has under Node only. Watches Node load the entry, so that resolution is Node's own.
 *
 * A package that brings files of its own for Workers or browsers is not followed: the bundler takes those instead.
 */
import { readFileSync } from "node:fs";
import { findPackageJSON, isBuiltin, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** One import that Workers do not have. */
export interface ForeignImport {
  /** The file that imports, absolute. */
  readonly file: string;
  /** A built-in module such as `node:fs`, or a name of `byward`. */
  readonly what: string;
  readonly kind: "module" | "name";
}

interface Edge {
  readonly specifier: string;
  readonly url: string;
}

const WORKER_CONDITIONS: ReadonlySet<string> = new Set(["workerd", "worker", "browser"]);

/** Records imports from its construction until `stop`. */
export class ImportRecord {
  readonly #edges = new Map<string, Edge[]>();
  readonly #hooks: { deregister(): void };

  constructor() {
    this.#hooks = registerHooks({
      resolve: (specifier, context, next) => {
        const resolved = next(specifier, context);
        const { parentURL } = context;
        if (parentURL !== undefined) {
          const edges = this.#edges.get(parentURL) ?? [];
          edges.push({ specifier, url: resolved.url });
          this.#edges.set(parentURL, edges);
        }
        return resolved;
      },
    });
  }

  stop(): void {
    this.#hooks.deregister();
  }

  /** What the bundle of `entry` (a `file:` URL) would lack. `nodeNames` are names that `byward` has under Node only. */
  foreign(entry: string, nodeNames: ReadonlySet<string>): readonly ForeignImport[] {
    const found: ForeignImport[] = [];
    const seen = new Set<string>([entry]);
    // A set is walked in the order it grows.
    for (const url of seen) {
      const file = fileURLToPath(url);
      for (const { specifier, url: target } of this.#edges.get(url) ?? []) {
        if (isBuiltin(target)) found.push({ file, what: target, kind: "module" });
        else if (specifier === "byward") found.push(...foreignNames(file, nodeNames));
        else if (isFollowed(specifier, url) && target.startsWith("file:")) seen.add(target);
      }
    }
    return unique(found);
  }
}

function isFollowed(specifier: string, parent: string): boolean {
  if (/^(\.{0,2}\/|file:)/.test(specifier)) return true;
  return !specifier.startsWith("byward/") && !hasOwnFilesForWorkers(specifier, parent);
}

function hasOwnFilesForWorkers(specifier: string, parent: string): boolean {
  const path = findPackageJSON(specifier.startsWith("#") ? "." : specifier, parent);
  if (path === undefined) return false;
  const { browser, exports, imports } = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  return browser !== undefined || namesCondition(exports) || namesCondition(imports);
}

function namesCondition(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => WORKER_CONDITIONS.has(key) || namesCondition(inner));
}

const FROM_BYWARD = /\bimport\s*\{([^}]*)\}\s*from\s*["']byward["']/g;

function foreignNames(file: string, nodeNames: ReadonlySet<string>): readonly ForeignImport[] {
  const lists = [...readFileSync(file, "utf8").matchAll(FROM_BYWARD)].map(([, list = ""]) => list);
  const names = lists.flatMap((list) => list.split(",").map((name) => name.trim().split(/\s+/)[0] ?? ""));
  return names.filter((name) => nodeNames.has(name)).map((what) => ({ file, what, kind: "name" }));
}

function unique(imports: readonly ForeignImport[]): readonly ForeignImport[] {
  return [...new Map(imports.map((one) => [`${one.file}\n${one.what}`, one])).values()];
}
