/** Owns reading JSON with comments and trailing commas, as wrangler's configuration is written. Strings are left as they are. */

const TOKENS = /"(?:\\.|[^"\\])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const TRAILING = /"(?:\\.|[^"\\])*"|,(?=\s*[}\]])/g;

/** @throws SyntaxError for what is neither */
export function parseJsonc(text: string): unknown {
  const bare = text.replace(TOKENS, (token) => (token.startsWith('"') ? token : ""));
  return JSON.parse(bare.replace(TRAILING, (token) => (token === "," ? "" : token)));
}
