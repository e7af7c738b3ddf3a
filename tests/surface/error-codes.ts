/** Owns reading out of the sources which errors a peer, or a caller of the client, can get: `group/code`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { OUTCOMES, type RefusedOutcome } from "../../src/boundary/outcome.ts";

const root = fileURLToPath(new URL("../../src/", import.meta.url));
const FOLDERS = ["actors", "boundary", "registry", "hosts/node", "hosts/memory"];

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.test(-d)?\.ts$/.test(file))
    .map((file) => readFileSync(join(root, folder, file), "utf8"));

/** The text from `start` to the brace that closes the first one after it. */
function objectAt(text: string, start: number): string {
  const open = text.indexOf("{", start);
  for (let at = open, depth = 0; at < text.length; at++) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth === 0) return text.slice(open, at + 1);
  }
  throw new Error("An object without an end");
}

const literal = (object: string, key: string): string | undefined =>
  new RegExp(`\\b${key}: "([a-z_]+)"`).exec(object)?.[1];

function refusalsIn(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(/new Refusal\("([a-z_]+)",/g)) {
    const object = objectAt(text, match.index);
    const wire = OUTCOMES[match[1] as RefusedOutcome];
    const group = literal(object, "group") ?? wire.group;
    // A code that is a parameter stands among the arguments of that function's calls.
    const isParameter = /\bcode(,|: [a-z])/.test(object) && literal(object, "code") === undefined;
    const codes = isParameter ? parametersIn(text, group) : [literal(object, "code") ?? wire.code];
    found.push(...codes.map((code) => `${group}/${code}`));
  }
  return found;
}

/** Codes given to a function that makes refusals: `tooLarge("key_too_large", …)` and unions in its signature. */
function parametersIn(text: string, group: string): string[] {
  if (group === "params" || group === "request") return [];
  return [...text.matchAll(/tooLarge\(\s*"([a-z_]+)"|code: ("[a-z_]+"(?: \| "[a-z_]+")+)/g)].flatMap(
    ([, call, union]) => (call === undefined ? union!.split(" | ").map((code) => code.slice(1, -1)) : [call]),
  );
}

const unionOf = (text: string, type: string): string[] => {
  const body = new RegExp(`export type ${type} =([\\s\\S]*?);\\n`).exec(text)?.[1] ?? "";
  return [...body.matchAll(/"([a-z_]+)"/g)].map(([, code]) => code!);
};

/** Every error of actors, the gate and the transports. */
export function serverCodes(): ReadonlySet<string> {
  const texts = FOLDERS.flatMap(sources);
  const state = unionOf(readFileSync(join(root, "actors/state/state-error.ts"), "utf8"), "StateErrorCode");
  const kv = texts.flatMap((text) => [...text.matchAll(/tooLarge\(\s*"([a-z_]+)"/g)].map(([, code]) => `kv/${code}`));
  const params = texts.some((text) => text.includes('"invalid_params"')) ? ["params/invalid_params"] : [];
  return new Set([
    ...texts.flatMap(refusalsIn),
    ...state.map((code) => `state/${code}`),
    ...kv,
    ...params,
    "user/user_error",
  ]);
}

/** Every error of the client's own. */
export function clientCodes(): ReadonlySet<string> {
  const text = readFileSync(join(root, "client/errors.ts"), "utf8");
  return new Set(unionOf(text, "ClientErrorCode").map((code) => `client/${code}`));
}
