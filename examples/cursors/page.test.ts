import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findBrowser, launch } from "../../tests/browser.ts";
import { type Running, start } from "../../tests/cli/process.ts";

const executable = findBrowser();
const complaints: string[] = [];
let browser: Browser;
let running: Running;
let url: string;
let dataDir: string;

beforeAll(async () => {
  if (executable === null) return;
  dataDir = await mkdtemp(join(tmpdir(), "byward-cursors-"));
  const args = ["dev", "examples/cursors/registry.ts", "--port", "0", "--data-dir", dataDir];
  running = start("src/cli/main.ts", args);
  browser = await launch(executable);
  [url = ""] = await running.waitFor(/http:\/\/127\.0\.0\.1:\d+/);
});
afterAll(async () => {
  if (executable === null) return;
  await browser.close();
  await running.stop();
  await rm(dataDir, { recursive: true });
});

interface Look {
  readonly name: string;
  readonly width?: number;
  readonly scheme?: "light" | "dark";
}

async function openTab(room: string, { name, width = 800, scheme = "light" }: Look): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 600 }, colorScheme: scheme });
  await context.addInitScript((given) => sessionStorage.setItem("cursors-name", given), name);
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${url}/#${room}`);
  await page.waitForSelector("#status[data-state=connected]");
  return page;
}

/** Points at a part of the board. */
async function point(page: Page, x: number, y: number): Promise<void> {
  const box = (await page.locator("#board").boundingBox())!;
  await page.mouse.move(box.x + box.width * x, box.y + box.height * y);
}
const placeOf = (page: Page, selector: string): Promise<string[]> =>
  page.locator(selector).evaluateAll((all) => all.map((one) => `${parseFloat((one as HTMLElement).style.left)}`));
/** For looking at; `BYWARD_SHOTS` names the folder. */
const shoot = async (page: Page, name: string): Promise<void> => {
  const folder = process.env["BYWARD_SHOTS"];
  if (folder !== undefined) await page.screenshot({ path: join(folder, `${name}.png`) });
};

test.skipIf(executable === null)("two pages see each other point, and stop seeing who left", async () => {
  const ann = await openTab("two", { name: "Ann" });
  const bob = await openTab("two", { name: "Bob", scheme: "dark" });
  await point(ann, 0.25, 0.4);
  await bob.locator(".cursor").waitFor();
  expect(await bob.locator(".cursor b").innerText()).toBe("Ann");
  await expect.poll(() => placeOf(bob, ".cursor")).toEqual([expect.stringMatching(/^2[45](\.\d+)?$/)]);
  await point(bob, 0.9, 0.7);
  await ann.locator(".cursor").waitFor();
  await expect.poll(() => ann.locator("#count").innerText()).toBe("1 other here");
  await ann.mouse.down();
  await ann.mouse.up();
  await bob.locator(".pin").waitFor();
  await shoot(ann, "cursors-light");
  await shoot(bob, "cursors-dark");
  await bob.close();
  await ann.locator(".cursor").waitFor({ state: "detached" });
  await expect.poll(() => ann.locator("#count").innerText()).toBe("0 others here");
});

test.skipIf(executable === null)("by keyboard alone one points, pins and clears", async () => {
  const ann = await openTab("keys", { name: "Ann" });
  const bob = await openTab("keys", { name: "Bob" });
  await ann.keyboard.press("Tab");
  await ann.keyboard.press("Tab");
  expect(await ann.evaluate(() => document.activeElement?.id)).toBe("board");
  await ann.keyboard.press("ArrowRight");
  await ann.keyboard.press("Enter");
  await bob.locator(".pin").waitFor();
  await expect.poll(() => placeOf(bob, ".pin")).toEqual(["52"]);
  await expect.poll(() => placeOf(bob, ".cursor")).toEqual(["52"]);
  await ann.keyboard.press("Shift+Tab");
  await ann.keyboard.press("Enter");
  await bob.locator(".pin").waitFor({ state: "detached" });
});

test.skipIf(executable === null)("who comes later finds cursors and pins where they are", async () => {
  const ann = await openTab("later", { name: "Ann" });
  await point(ann, 0.5, 0.5);
  await ann.mouse.down();
  await ann.mouse.up();
  await ann.locator(".pin").waitFor();
  const bob = await openTab("later", { name: "Bob" });
  await bob.locator(".pin").waitFor();
  await bob.locator(".cursor").waitFor();
  expect(await bob.locator(".cursor b").innerText()).toBe("Ann");
});

test.skipIf(executable === null)("the page fits a narrow screen, and no page complained", async () => {
  for (const scheme of ["light", "dark"] as const) {
    const page = await openTab(`narrow-${scheme}`, {
      name: "Juniper Wilhelmina Featherstonehaugh 99",
      width: 360,
      scheme,
    });
    const other = await openTab(`narrow-${scheme}`, { name: "Ann" });
    await point(other, 0.8, 0.5);
    await page.locator(".cursor").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await shoot(page, `cursors-narrow-${scheme}`);
  }
  expect(complaints).toEqual([]);
});
