import { setup } from "byward";
import { definition } from "./out/api.ts";

/** What `npm start` serves; `npm run dev` serves the sources by itself. */
export const registry = setup({ services: definition });
