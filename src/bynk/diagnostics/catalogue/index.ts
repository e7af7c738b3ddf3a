/** Every diagnostic code there is, phase by phase. A new phase is one file and two lines here. */
import { actors } from "./actors.ts";
import { capabilities } from "./capabilities.ts";
import { lex } from "./lex.ts";
import { names } from "./names.ts";
import { parse } from "./parse.ts";
import { placement } from "./placement.ts";
import { project } from "./project.ts";
import { refinements } from "./refinements.ts";
import { services } from "./services.ts";
import { typing } from "./typing.ts";
import { units } from "./units.ts";

export const catalogue = {
  ...lex,
  ...parse,
  ...placement,
  ...project,
  ...units,
  ...names,
  ...refinements,
  ...typing,
  ...capabilities,
  ...services,
  ...actors,
} as const;

export type Catalogue = typeof catalogue;

/** A diagnostic code, with its `bynk.` prefix. */
export type Code = keyof Catalogue;
