/**
 * Owns how a joined file names what it leaves out. While files are joined nobody knows where an importer will be, so an import
 * says where the imported module lies below `dist/`; once the importer's place is known, the way from there is written.
 */
import { posix } from "node:path";

/** The file of what the portable root loads, below `dist/`. */
export const CORE = "core.js";

/** Modules of the core, and the names of their exports in it: two modules may export the same name. */
export type CoreNames = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A specifier of a file that stays. */
export const placed = (path: string): string => `placed:${path}`;
/** A specifier of a module that is part of the core. */
export const placedInCore = (path: string): string => `placed-in-core:${path}`;

/** Gives every export of the core's modules a name of its own. */
export function coreNames(exportsOf: ReadonlyMap<string, readonly string[]>): CoreNames {
  const taken = new Set<string>();
  const free = (name: string): string => {
    let found = name;
    for (let count = 2; taken.has(found); count++) found = `${name}${count}`;
    taken.add(found);
    return found;
  };
  return new Map([...exportsOf].map(([path, names]) => [path, new Map(names.map((name) => [name, free(name)]))]));
}

/** The core's text before it is joined: everything that its modules export. */
export function coreText(core: CoreNames): string {
  const lines = [...core].map(([path, names]) => {
    const list = [...names].map(([name, inCore]) => `${name} as ${inCore}`);
    return `export { ${list.join(", ")} } from "./${path}";`;
  });
  return lines.join("\n");
}

/** @throws Error when the core is imported in another way than by names */
export function written(text: string, importer: string, core: CoreNames): string {
  const way = (path: string): string => {
    const relative = posix.relative(posix.dirname(importer), path);
    return JSON.stringify(relative.startsWith(".") ? relative : `./${relative}`);
  };
  const named = text.replaceAll(
    /\b(import|export) \{([^}]*)\} from "placed-in-core:([^"]+)"/g,
    (_, keyword: string, list: string, path: string) =>
      `${keyword} {${list.replaceAll(/[^,]+/g, (item) => inCore(item, core.get(path)!))}} from ${way(CORE)}`,
  );
  const found = named.replaceAll(/"placed:([^"]+)"/g, (_, path: string) => way(path));
  const [left] = /.*"placed.*/.exec(found) ?? [];
  if (left !== undefined) throw new Error(`dist/${importer}: this import of the core takes no names: ${left.trim()}`);
  return found;
}

/** `name` or `name as other`, as the core calls `name`. */
function inCore(item: string, names: ReadonlyMap<string, string>): string {
  return item.replace(/([^\s,]+)(?:\s+as\s+(\S+))?/, (_, name: string, other: string = name) => {
    const known = names.get(name);
    if (known === undefined) throw new Error(`The core exports no ${name}.`);
    return known === other ? other : `${known} as ${other}`;
  });
}
