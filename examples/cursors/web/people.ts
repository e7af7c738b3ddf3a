/** What the page knows of the board: others' cursors and everybody's pins. */
import type { Cursor, Pin } from "../board.ts";

export interface People {
  readonly cursors: readonly Cursor[];
  readonly pins: readonly Pin[];
}
export const NOBODY: People = { cursors: [], pins: [] };

export type News =
  | { readonly kind: "all"; readonly cursors: readonly Cursor[]; readonly pins: readonly Pin[] }
  | { readonly kind: "moved"; readonly cursor: Cursor }
  | { readonly kind: "left"; readonly id: string }
  | { readonly kind: "pinned"; readonly pin: Pin }
  | { readonly kind: "cleared" };

export function update(people: People, news: News): People {
  switch (news.kind) {
    case "all":
      return { cursors: news.cursors, pins: news.pins };
    case "moved":
      return { ...people, cursors: [...people.cursors.filter(({ id }) => id !== news.cursor.id), news.cursor] };
    case "left":
      return { ...people, cursors: people.cursors.filter(({ id }) => id !== news.id) };
    case "pinned":
      return { ...people, pins: [...people.pins.filter(({ id }) => id !== news.pin.id), news.pin] };
    case "cleared":
      return { ...people, pins: [] };
  }
}

/** A hue of its own for each name. */
export function hueOf(name: string): number {
  let sum = 7;
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) % 360;
  return sum;
}
