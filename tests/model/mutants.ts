/**
 * Owns trying the mutations: a process that loads the library once for each, changed on its way in, and runs sequences
 * until the model disagrees. Prints one line of JSON for each. Needs Node's own loader, so it is a program of its own.
 *
 *   node tests/model/mutants.ts [most sequences] [first word of a name]
 */
import { registerHooks } from "node:module";
import type { Library } from "./library.ts";
import { MUTATIONS, type Mutation } from "./mutations.ts";
import { runSequence } from "./run.ts";

const source = new URL("../../src/", import.meta.url).href;
const most = Number(process.argv[2] ?? 2_000);
const wanted = process.argv[3] ?? "";

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context);
    const which = /\?mutant=\d+$/.exec(context.parentURL ?? "")?.[0];
    const isOurs = which !== undefined && resolved.url.startsWith(source) && !resolved.url.includes("?");
    return isOurs ? { ...resolved, url: `${resolved.url}${which}` } : resolved;
  },
  load: (url, context, next) => {
    const loaded = next(url, context);
    const [path = "", which] = url.split("?mutant=");
    const changed = which === undefined ? undefined : MUTATIONS[Number(which)];
    if (changed === undefined || path !== `${source}${changed.file}`) return loaded;
    return { ...loaded, source: change(changed, String(loaded.source)) };
  },
});

const applied = new Set<Mutation>();

function change(mutation: Mutation, text: string): string {
  let changed = text;
  for (const [from, to] of mutation.edits) {
    if (changed.split(from).length !== 2) return text;
    changed = changed.replace(from, () => to);
  }
  applied.add(mutation);
  return changed;
}

async function load(which: number): Promise<Library> {
  const import_ = (path: string) => import(`${source}${path}?mutant=${which}`);
  const [byward, clock, store, host] = await Promise.all([
    import_("index.node.ts"),
    import_("hosts/memory/clock.ts"),
    import_("hosts/memory/store.ts"),
    import_("hosts/node/host.ts"),
  ]);
  return { byward, VirtualClock: clock.VirtualClock, MemoryStore: store.MemoryStore, digests: host.nodeDigests };
}

for (const [which, mutation] of MUTATIONS.entries()) {
  if (!mutation.name.startsWith(wanted)) continue;
  const library = await load(which);
  let found: { readonly seed: number; readonly what: string } | null = null;
  const started = Date.now();
  // The runtime is loaded when a registry starts, so that the first sequence tells whether the text was there.
  for (let seed = 1; found === null && seed <= most && (seed === 1 || applied.has(mutation)); seed++) {
    // A broken gate may also throw in the world's own code: that is found, too.
    found = await runSequence(library, seed).catch((error: unknown) => ({ seed, what: String(error) }));
  }
  const ms = Date.now() - started;
  console.log(
    JSON.stringify({
      name: mutation.name,
      isApplied: applied.has(mutation),
      seed: found?.seed ?? null,
      what: found?.what,
      ms,
    }),
  );
}
