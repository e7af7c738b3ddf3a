/**
 * Checks that imports point down and never in a circle (`docs/architecture.md`). A type-only import counts as an import: a
 * floor that needs a type of the floor above knows of it. Only circles of types alone are let be, as nothing runs in them.
 * Tests may import anything.
 */
import { readFileSync } from "node:fs";
import { dirname, join, matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { listFiles } from "./list-files.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A part of `src/` and what it may import besides itself. */
export interface Floor {
  readonly name: string;
  readonly holds: (path: string) => boolean;
  readonly may: readonly string[];
  /** Packages it may import, by name; `node:*` for what comes with Node. */
  readonly packages: readonly string[];
  /** Why nothing else: what a forbidden import is answered with. */
  readonly reason: string;
}

const under = (folder: string) => (path: string) => path.startsWith(`src/${folder}/`);
const ports = ["src/hosts/port.ts", "src/hosts/write-set.ts", "src/hosts/kv-range.ts"];
const webOnly = "It runs in any JavaScript runtime: time, randomness and storage come through the host port.";

/** Bottom up. The first floor that holds a file is its floor. */
export const FLOORS: readonly Floor[] = [
  {
    name: "boundary",
    holds: under("boundary"),
    may: [],
    packages: ["jose", "@standard-schema/spec"],
    reason: `Proving a caller must not depend on what the caller wants. ${webOnly}`,
  },
  {
    name: "protocol",
    holds: under("protocol"),
    may: [],
    packages: ["cbor-x"],
    reason: "The wire is shared by clients and servers, so it knows of neither.",
  },
  {
    name: "port",
    holds: (path) => ports.includes(path),
    may: ["boundary"],
    packages: [],
    reason: "The port says what is needed of a platform; it must not know one.",
  },
  {
    name: "host memory",
    holds: under("hosts/memory"),
    may: ["boundary", "port"],
    packages: [],
    reason: "It is what is left where there is no platform, so it needs none.",
  },
  {
    name: "client",
    holds: under("client"),
    may: ["protocol"],
    packages: ["@standard-schema/spec", "react"],
    reason: "A browser bundle must not carry a line of the server.",
  },
  {
    name: "actors",
    holds: under("actors"),
    may: ["boundary", "protocol", "port", "client"],
    packages: ["@standard-schema/spec", "croner"],
    reason: `Actors run unchanged on every host. ${webOnly}`,
  },
  {
    name: "services",
    holds: under("services"),
    may: ["boundary", "protocol", "port", "client", "actors"],
    packages: ["@standard-schema/spec", "hono", "croner"],
    reason: `Services run unchanged on every host. ${webOnly}`,
  },
  {
    name: "registry",
    holds: under("registry"),
    may: ["boundary", "protocol", "port", "host memory", "client", "actors", "services"],
    packages: ["@standard-schema/spec", "hono"],
    reason: `A registry is put on a host from above; it does not choose one. ${webOnly}`,
  },
  ...["node", "cloudflare", "rivet"].map((host) => ({
    name: `host ${host}`,
    holds: under(`hosts/${host}`),
    // A runner at a Rivet Engine is a Node process that listens as the Node host does; it keeps nothing as that host does.
    may: [
      ...["boundary", "protocol", "port", "client", "actors", "services", "registry"],
      ...(host === "rivet" ? ["host node"] : []),
    ],
    packages:
      { node: ["node:*", "ws", "pino"], cloudflare: ["cloudflare:*"], rivet: ["rivetkit", "node:*", "ws"] }[host] ?? [],
    reason: "Hosts are siblings: one must be deployable without the others.",
  })),
  {
    name: "access",
    holds: under("access"),
    may: ["boundary", "protocol", "port", "host memory", "client", "actors", "services", "registry"],
    packages: ["@standard-schema/spec"],
    reason: `It looks at the gate from outside, on any host. ${webOnly}`,
  },
  {
    name: "telemetry",
    holds: under("telemetry"),
    may: ["boundary", "actors", "services"],
    packages: ["@opentelemetry/api"],
    reason: `It counts what the gate decides, on any host. ${webOnly}`,
  },
  {
    name: "cedar",
    holds: under("cedar"),
    may: ["boundary"],
    packages: ["@cedar-policy/cedar-wasm"],
    reason:
      "An adapter between a decision and an engine: it reads the caller, and knows of nothing that is decided on.",
  },
  {
    name: "bynk runtime",
    holds: under("bynk/runtime"),
    may: ["boundary", "protocol", "port", "client", "actors", "services", "registry"],
    packages: ["@standard-schema/spec"],
    reason: `What compiled programs call, on any host. ${webOnly}`,
  },
  {
    name: "bynk",
    holds: under("bynk"),
    may: [],
    packages: [],
    reason: "The language is pure: text in, results out.",
  },
  {
    name: "testing",
    holds: under("testing"),
    may: [
      ...["boundary", "protocol", "port", "client", "actors", "services", "registry", "access"],
      ...["host memory", "host node"],
    ],
    packages: ["@standard-schema/spec", "jose"],
    reason: "Users' tests run in any test runner, without a server; Node's parts are loaded when asked for.",
  },
  {
    name: "attack",
    holds: under("attack"),
    may: ["boundary", "protocol", "port", "actors", "services", "registry", "access", "testing"],
    packages: ["node:*", "ws"],
    reason:
      "It comes over the network like anybody else; what it knows of a registry it reads, and nothing below knows of it.",
  },
  {
    name: "cli",
    holds: under("cli"),
    may: [
      ...["boundary", "protocol", "port", "client", "actors", "services", "registry", "access", "testing", "bynk"],
      "attack",
      "host node",
      "roots",
    ],
    packages: ["node:*", "commander"],
    reason: "The command line stands on top; other hosts' platforms are not there when it runs.",
  },
  {
    name: "roots",
    holds: (path) => /^src\/index(\.\w+)?\.ts$/.test(path),
    may: [
      "boundary",
      "protocol",
      "port",
      "client",
      "actors",
      "services",
      "registry",
      "host memory",
      "host node",
      "host cloudflare",
    ],
    packages: [],
    reason: "A root composes what users import; tools and the language have roots of their own.",
  },
];

/** Single functions that only some files may name, whatever their floor. */
const RESERVED: readonly { readonly name: string; readonly by: RegExp; readonly reason: string }[] = [
  {
    name: "mintCaller",
    by: /^src\/boundary\/(caller|verify)\.ts$/,
    reason: "Only verification makes callers (G5).",
  },
];

export interface Import {
  readonly specifier: string;
  /** `import type`: nothing is loaded. */
  readonly isType: boolean;
}

/** What a module imports, in the order of the text. Imports and exports stand at the beginning of a line. */
export function readImports(text: string): readonly Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statements = code.matchAll(
    /^(?:import|export)\b(\s+type\b)?[^;"'`]*?\bfrom\s*["']([^"']+)["']|^import\s*["']([^"']+)["']/gm,
  );
  const calls = code.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)(\.\w)?/g);
  return [
    ...[...statements].map(([, type, from, bare]) => ({ specifier: (from ?? bare)!, isType: type !== undefined })),
    // `import("./x.ts").Name` is a type; `import("./x.ts")` alone loads when it is reached.
    ...[...calls].map(([, specifier]) => ({ specifier: specifier!, isType: true })),
  ];
}

/** Tests and what only tests use: what the build leaves out. */
export function isTest(path: string): boolean {
  return LEFT_OUT.some((pattern) => matchesGlob(path, pattern));
}

const LEFT_OUT: readonly string[] = JSON.parse(readFileSync(join(root, "tsconfig.build.json"), "utf8")).exclude;

/** Every import that its floor forbids, as a sentence. `files` maps paths from the root to texts. */
export function forbiddenImports(files: ReadonlyMap<string, string>): readonly string[] {
  const found: string[] = [];
  for (const [path, text] of files) {
    if (isTest(path)) continue;
    const floor = floorOf(path);
    if (floor === undefined) {
      found.push(
        `${path} stands on no floor. Put it into a folder that has one, or give its folder one in scripts/check-floors.ts.`,
      );
      continue;
    }
    for (const { specifier } of readImports(text)) {
      const what = judge(path, floor, specifier);
      if (what !== null) found.push(`${path} (${floor.name}) imports ${specifier}${what}. ${floor.reason}`);
    }
    for (const { name, by, reason } of RESERVED) {
      if (!by.test(path) && new RegExp(`\\b${name}\\b`).test(text)) found.push(`${path} names ${name}. ${reason}`);
    }
  }
  return found;
}

function floorOf(path: string): Floor | undefined {
  return FLOORS.find((floor) => floor.holds(path));
}

/** Null when allowed, else what is wrong with it. */
function judge(path: string, floor: Floor, specifier: string): string | null {
  if (!specifier.startsWith(".")) {
    const isAllowed = floor.packages.some((name) => matchesPackage(name, specifier));
    return isAllowed ? null : ", a package this floor does not have";
  }
  const target = join(dirname(path), specifier);
  if (isTest(target)) return ", which only tests may use";
  const other = floorOf(target);
  if (other === undefined) return ", which stands on no floor";
  return other === floor || floor.may.includes(other.name) ? null : ` of ${other.name}`;
}

function matchesPackage(name: string, specifier: string): boolean {
  if (name.endsWith("*")) return specifier.startsWith(name.slice(0, -1));
  return specifier === name || specifier.startsWith(`${name}/`);
}

/** Circles of imports that load something, each as the list of its files. */
export function importCircles(files: ReadonlyMap<string, string>): readonly (readonly string[])[] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) circles.push(trail.slice(at));
    if (at !== -1 || done.has(path)) return;
    for (const { specifier, isType } of readImports(files.get(path) ?? "")) {
      const target = join(dirname(path), specifier);
      if (!isType && specifier.startsWith(".") && files.has(target)) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of files.keys()) visit(path, []);
  return circles;
}

/** The sources of this repository, by path from the root. */
export function readSources(): ReadonlyMap<string, string> {
  const paths = listFiles(root).filter((path) => /^src\/.*\.tsx?$/.test(path));
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

if (import.meta.main) {
  const sources = readSources();
  const complaints = [
    ...forbiddenImports(sources),
    ...importCircles(sources).map((circle) => `Imports go in a circle: ${[...circle, circle[0]].join(" → ")}`),
  ];
  for (const complaint of complaints) console.error(complaint);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}
