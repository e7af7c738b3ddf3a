import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { findBrowser, launch } from "../../tests/browser.ts";
import { type Running, start } from "../../tests/cli/process.ts";

// Each starts processes, which take their time on a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const executable = findBrowser();
const complaints: string[] = [];
let browser: Browser;
let chat: Running;
let url: string;
let dataDir: string;

beforeAll(async () => {
  if (executable === null) return;
  dataDir = await mkdtemp(join(tmpdir(), "byward-page-"));
  chat = start("examples/chat/main.ts", ["--port", "0", "--data-dir", dataDir]);
  browser = await launch(executable);
  [, url = ""] = await chat.waitFor(/two tabs: (\S+)\/\n/);
});
afterAll(async () => {
  if (executable === null) return;
  await browser.close();
  await chat.stop();
  await rm(dataDir, { recursive: true });
});

async function openTab(room: string): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 360, height: 640 } })).newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${url}/#${room}`);
  await page.waitForSelector("#status[data-state=connected]");
  return page;
}

/** Signs in with the keyboard alone. */
async function signIn(page: Page, name: string, isModerator = false): Promise<void> {
  await page.keyboard.press("Tab");
  await page.keyboard.type(name);
  if (isModerator) {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
  }
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "text");
}

const say = async (page: Page, text: string): Promise<void> => {
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
};

test.skipIf(executable === null)("two tabs chat with each other, by keyboard alone", async () => {
  const [one, two] = [await openTab("tabs"), await openTab("tabs")];
  await signIn(one, "alice");
  await signIn(two, "bob");
  await say(one, "hello <b>bob</b>");
  expect(await two.locator("#messages li").first().innerText()).toContain("hello <b>bob</b>");
  await say(two, "hello alice");
  await one.locator("#messages li").nth(1).waitFor();
  expect(await one.locator("#messages li b").allInnerTexts()).toEqual(["alice", "bob"]);
});

test.skipIf(executable === null)("a visitor reads, and has nothing to write with", async () => {
  const [writer, visitor] = [await openTab("visit"), await openTab("visit")];
  await signIn(writer, "alice");
  await say(writer, "anybody?");
  await visitor.locator("#messages li").first().waitFor();
  expect(await visitor.locator("#text").isDisabled()).toBe(true);
  expect(await visitor.locator("#messages button").count()).toBe(0);
});

test.skipIf(executable === null)("a banned user is told so and keeps what was typed", async () => {
  const [mallory, bob] = [await openTab("banned"), await openTab("banned")];
  await signIn(mallory, "mallory");
  await say(mallory, "first");
  await signIn(bob, "bob", true);
  await bob.locator("button[aria-label='Ban mallory']").press("Enter");
  await bob.locator("#log li").first().waitFor();
  await mallory.locator("#text").focus();
  await say(mallory, "second");
  await mallory.locator("#notice[data-kind=refused]").waitFor();
  expect(await mallory.locator("#notice").innerText()).toBe("You may not do that here.");
  expect(await mallory.locator("#text").inputValue()).toBe("second");
  expect(await bob.locator("#messages li").count()).toBe(1);
});

test.skipIf(executable === null)("the page fits a narrow screen and complains of nothing", async () => {
  const page = await openTab("narrow");
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(360);
  expect(complaints).toEqual([]);
});
