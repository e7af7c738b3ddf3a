/** Every diagnostic code there is, phase by phase. A new phase is one file and two lines here. */
import { lex } from "./lex.ts";
import { parse } from "./parse.ts";
import { placement } from "./placement.ts";

export const catalogue = {
  ...lex,
  ...parse,
  ...placement,
} as const;

export type Catalogue = typeof catalogue;

/** A diagnostic code, with its `bynk.` prefix. */
export type Code = keyof Catalogue;
