/** Who this tab is. Each tab has a session of its own, so two tabs are two people. */
import { createClient } from "byward/client";
import type { registry } from "../registry.ts";

const NAMES = ["Amber", "Birch", "Cedar", "Dahlia", "Elder", "Fern", "Gale", "Hazel", "Iris", "Juniper"];
const KEY = "cursors-name";

export const name = sessionStorage.getItem(KEY) ?? `${NAMES[Math.floor(Math.random() * NAMES.length)]} ${newNumber()}`;
sessionStorage.setItem(KEY, name);

function newNumber(): number {
  return 10 + Math.floor(Math.random() * 90);
}

let token: string | null = null;

/** Asked before every connection and renewal. */
async function currentToken(fresh: boolean): Promise<string> {
  if (token !== null && !fresh) return token;
  const response = await fetch("/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!response.ok) throw new Error("No session");
  token = ((await response.json()) as { token: string }).token;
  return token;
}

export const client = createClient<typeof registry>({ token: ({ fresh }) => currentToken(fresh) });
