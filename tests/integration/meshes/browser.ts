/**
 * Tests that need a browser: the system's Chromium. Where there is none they say so; in CI that is
 * a failure.
 *
 * @module
 */

import { type Browser, chromium } from "playwright-core";

/** Where systems put it. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Starts a browser for a test, and ends it whatever happens. */
export async function withBrowser(work: (browser: Browser) => Promise<void>): Promise<void> {
  const executablePath = PLACES.find(isFile);
  if (executablePath === undefined) {
    const why = `there is no Chromium: none of ${PLACES.join(", ")}`;
    if (Deno.env.get("CI") === "true") throw new Error(`Cannot start a browser: ${why}`);
    return console.warn(`This was not tested: ${why}`);
  }
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // What can't be looked at can't be started either.
    return false;
  }
}
