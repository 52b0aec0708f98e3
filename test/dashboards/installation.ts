import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { projectRoot } from "../flows/project";
import { until } from "../start/server";
import { freePort } from "../support/ports";

const chromiumProgram = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** A real installation as `npm start` gives it, with the shipped flows, and a real browser that looks at it. */
export interface Installation {
  url: string;
  mqttUrl: string;
  home: string;
  /** Starts with that language; the home folder stays. */
  start(language?: string): Promise<void>;
  /** As Ctrl-C does. */
  stop(): Promise<void>;
  /** Opens a page of the dashboard in a window of that size. */
  open(page: string, size?: { width: number; height: number }): Promise<Page>;
  /** Errors on the pages' consoles, exceptions, and requests beyond loopback, since the last call. */
  complaints(): string[];
  /** Adds a tab to the running flows, as the editor's API does. */
  addFlow(nodes: Record<string, unknown>[]): Promise<void>;
}

/** One installation for all tests of a describe, started with what `environment` gives besides its own, in a home that `prepare` has filled. Without Chromium they are skipped loudly, or fail where it is required. */
export function useInstallation(
  environment: () => Record<string, string> = () => ({}),
  prepare: (home: string) => Promise<void> = async () => {},
): () => Installation {
  let made: Made | undefined;
  before(async function () {
    this.timeout(60_000);
    if (!existsSync(chromiumProgram)) {
      if (process.env.MEDITWIN_REQUIRE_SERVERS === "1")
        throw new Error(`Chromium is not installed: ${chromiumProgram}`);
      console.warn(`      SKIPPED, Chromium is not installed: ${this.test?.parent?.fullTitle()}`);
      this.skip();
    }
    made = await createInstallation(environment);
    await prepare(made.home);
    await made.start();
  });
  // What a test has opened is closed with it: pages that nobody looks at any more would go on drawing what comes.
  let opened = 0;
  beforeEach(() => {
    opened = made?.pages() ?? 0;
  });
  afterEach(() => made?.closePages(opened));
  after(async function () {
    this.timeout(20_000);
    await made?.remove();
  });
  return () => made as Installation;
}

interface Made extends Installation {
  pages(): number;
  /** Closes all but the oldest so many. */
  closePages(from: number): Promise<void>;
  remove(): Promise<void>;
}

async function createInstallation(environment: () => Record<string, string>): Promise<Made> {
  const home = mkdtempSync(path.join(tmpdir(), "meditwin dashboards "));
  const [port, mqttPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}`;
  const browser: Browser = await chromium.launch({
    executablePath: chromiumProgram,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  const contexts: BrowserContext[] = [];
  let complaints: string[] = [];
  let child: ChildProcess | undefined;
  let output = "";

  function listen(page: Page): void {
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => {
      if (!isEarlyTip(error)) complaints.push(`exception: ${error.message}`);
    });
    page.on("request", (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (!["data:", "blob:"].includes(protocol) && hostname !== "127.0.0.1")
        complaints.push(`request: ${request.url()}`);
    });
  }

  async function closePages(from = 0): Promise<void> {
    await Promise.all(contexts.splice(from).map((context) => context.close()));
  }

  const installation: Installation = {
    url,
    mqttUrl: `mqtt://127.0.0.1:${mqttPort}`,
    home,
    async start(language = "") {
      output = "";
      const { HOME, PATH } = process.env;
      const env = {
        HOME,
        PATH,
        TWIN_HOME: home,
        PORT: `${port}`,
        TWIN_MQTT_PORT: `${mqttPort}`,
        ...(language ? { TWIN_LANG: language } : {}),
        ...environment(),
      };
      const started = spawn(process.execPath, [path.join(projectRoot, "scripts/start.mjs")], {
        cwd: projectRoot,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      child = started;
      for (const stream of [started.stdout, started.stderr])
        stream.on("data", (chunk: Buffer) => {
          output += String(chunk);
        });
      await until(
        "serving",
        () => {
          if (started.exitCode !== null) throw new Error(`It ended before it served:\n${output}`);
          return output.includes("MediTwin is running");
        },
        50_000,
      );
    },
    async stop() {
      // A page that is open would complain about the lost connection, and rightly.
      await closePages();
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const closed = new Promise((resolve) => child?.once("close", resolve));
      child.kill("SIGINT");
      await closed;
    },
    async open(name, size = { width: 1280, height: 720 }) {
      const context = await browser.newContext({ viewport: size });
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      listen(page);
      await page.goto(`${url}/dashboard/${name}`);
      return page;
    },
    complaints() {
      const so = complaints;
      complaints = [];
      return so;
    },
    async addFlow(nodes) {
      const response = await fetch(`${url}/flow`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ label: "Test", nodes, configs: [] }),
      });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    },
  };
  const remove = async (): Promise<void> => {
    await installation.stop();
    await browser.close();
    rmSync(home, { recursive: true, force: true });
  };
  return { ...installation, pages: () => contexts.length, closePages, remove };
}

/** Names, units and the names of methods and metrics stay as they are in every language. */
const sameInChinese =
  /\b(MediTwin|MAE|RMSE|ROC|AUC|CC|BY|kN|mm|min|Zagar|Mihelic|Scientific|Data|ml-random-forest|AI4I|Node-RED)\b/g;

/** Words in Latin letters that stand on the page, besides names, and texts that are marked as English (`lang="en"`). */
export async function englishWords(page: Page): Promise<string[]> {
  const texts = (await page.evaluate(`(() => {
    const walker = document.createTreeWalker(document.querySelector(".nrdb-app"), NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (element.closest('[lang="en"], [translate="no"], script, style')) continue;
      if (element.checkVisibility()) texts.push(walker.currentNode.textContent);
    }
    for (const element of document.querySelectorAll(".nrdb-app [title], .nrdb-app [placeholder], .nrdb-app [aria-label]"))
      if (!element.closest('[lang="en"], [translate="no"]'))
        texts.push(element.getAttribute("title") ?? "", element.getAttribute("placeholder") ?? "");
    return texts;
  })()`)) as string[];
  return texts.flatMap((text) => text.replace(sameInChinese, "").match(/[A-Za-z]{3,}/g) ?? []);
}

/** On a wall, and on a tablet lying and standing, nothing scrolls sideways. */
export async function assertFits(
  { open }: Installation,
  name: string,
  show: (page: Page) => Promise<void>,
): Promise<void> {
  const page = await open(name, { width: 1920, height: 1080 });
  await show(page);
  await nothingSideways(page, 1920);
  await assertFitsTablets(page);
  await page.close();
}

/** On a tablet lying, and turned, nothing scrolls sideways. */
export async function assertFitsTablets(page: Page): Promise<void> {
  for (const [width, height] of [
    [1024, 768],
    [768, 1024],
  ] as const) {
    await page.setViewportSize({ width, height });
    await nothingSideways(page, width);
  }
}

async function nothingSideways(page: Page, width: number): Promise<void> {
  await page.waitForFunction(`innerWidth === ${width}`);
  await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
  const wide = async (): Promise<number> => Number(await page.evaluate("document.scrollingElement.scrollWidth"));
  await until(`${page.url()} at ${width}: nothing to scroll sideways`, async () => (await wide()) <= width);
}

/** Node-RED 5.0 shows its first tip after a fixed time, also when a slow machine has not made the box for tips yet. */
const isEarlyTip = ({ message, stack = "" }: Error): boolean =>
  message === "Cannot read properties of undefined (reading 'html')" && /\/red\/red(\.min)?\.js/.test(stack);
