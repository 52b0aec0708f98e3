import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const program = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** One browser for all tests of a describe. Without Chromium they are skipped loudly, or fail where it is required. */
export function useChromium(): () => Browser {
  let browser: Browser | undefined;
  before(async function () {
    this.timeout(60_000);
    if (!existsSync(program)) {
      if (process.env.MEDITWIN_REQUIRE_SERVERS === "1") throw new Error(`Chromium is not installed: ${program}`);
      console.warn(`      SKIPPED, Chromium is not installed: ${this.test?.parent?.fullTitle()}`);
      this.skip();
    }
    browser = await chromium.launch({
      executablePath: program,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    });
  });
  after(async function () {
    this.timeout(20_000);
    await browser?.close();
  });
  return () => browser as Browser;
}
