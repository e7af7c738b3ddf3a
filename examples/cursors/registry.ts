import { setup } from "byward";
import { board } from "./board.ts";
import { site } from "./site.ts";

export const registry = setup({ use: { board }, services: { site } });
