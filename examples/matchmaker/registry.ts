import { setup } from "byward";
import { match } from "./match.ts";
import { matchmaker } from "./matchmaker.ts";

export const registry = setup({ use: { matchmaker, match } });
