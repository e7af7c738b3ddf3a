/** Every diagnostic code there is, phase by phase. A new phase is one file and two lines here. */
import { lex } from "./lex.ts";

export const catalogue = {
  ...lex,
} as const;

export type Catalogue = typeof catalogue;

/** A diagnostic code, with its `bynk.` prefix. */
export type Code = keyof Catalogue;
