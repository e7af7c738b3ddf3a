/** Words this room does not keep. A real one would ask a service; `run` may take its time, the room goes on meanwhile. */
const BLOCKED = ["spam", "scam"];

/** The first blocked word of a text, or null. */
export function findBlockedWord(text: string): string | null {
  const words = new Set(text.toLowerCase().split(/[^\p{L}\p{N}]+/u));
  return BLOCKED.find((word) => words.has(word)) ?? null;
}
