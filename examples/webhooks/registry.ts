/** The registry: the hooks, and the book they write into. */
import { setup } from "byward";
import { hooks } from "./hooks.ts";
import { orderBook } from "./order-book.ts";

export const registry = setup({ use: { orderBook }, services: { hooks } });
