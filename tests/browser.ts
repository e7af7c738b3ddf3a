/** Finds and starts the Chromium that tests drive. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is; null, with one printed line, where there is none. `BYWARD_BROWSER` names another place. */
export function findBrowser(): string | null {
  const named = process.env["BYWARD_BROWSER"];
  const place = named ?? PLACES.find((path) => existsSync(path)) ?? null;
  if (place !== null) return place;
  if (process.env["BYWARD_REQUIRE_BROWSER"])
    throw new Error("BYWARD_REQUIRE_BROWSER is set, and there is no Chromium.");
  console.log("skipped: no Chromium here (install it, or name it in BYWARD_BROWSER)");
  return null;
}

/** A browser with an empty profile. */
export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: QUIET });
}
