import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Download, Page } from "playwright-core";
import { until } from "../start/server";
import { assertFits, useInstallation } from "./installation";

/** Writes samples straight to the history: also those of a twin without a model. */
const door = [
  { id: "x-in", type: "http in", url: "/x/write", method: "post", wires: [["x-batch"]] },
  {
    id: "x-batch",
    type: "function",
    func: "msg.twin = { batch: msg.payload.length };\nreturn msg;",
    outputs: 1,
    wires: [["x-report"]],
  },
  { id: "x-report", type: "twin-state", operation: "report", store: "store", wires: [["x-write"], ["x-out"]] },
  { id: "x-write", type: "twin-write", history: "history", wires: [["x-out"], ["x-out"]] },
  { id: "x-out", type: "http response", wires: [] },
];

describe("the Explore page", function () {
  this.timeout(90_000);
  const installation = useInstallation();
  const start = Date.now() - 120_000;
  const level = (i: number): number => 20 + 10 * Math.sin(i);
  const count = 60;

  before(async () => {
    await installation().addFlow(door);
    const samples = ["oven-1", "oven-2"].flatMap((id) =>
      Array.from({ length: count }, (_, i) => ({
        id,
        ts: start + 1000 * i,
        values: { "-level": -level(i), heat: level(i) ** 2, note: "=1+1" },
      })),
    );
    await until("the door is open, and all of it written", async () => {
      const answer = await fetch(`${installation().url}/x/write`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(samples),
      });
      return answer.ok;
    });
  });
  afterEach(() => {
    assert.deepEqual(installation().complaints(), [], "errors on the pages, or requests beyond this computer");
  });

  /** Only that twin, and these columns. */
  async function choose(page: Page, twin: string, ...columns: string[]): Promise<void> {
    await page.locator(`[data-explore-twin="${twin}"]`).click();
    await until("it is chosen", async () => page.locator(`[data-explore-twin="${twin}"].on`).isVisible());
    for (const other of await page.locator(`[data-explore-twin].on:not([data-explore-twin="${twin}"])`).all())
      await other.click();
    for (const column of columns) await page.locator(`[data-explore-column="${column}"]`).click();
  }
  async function saved(page: Page, action: string): Promise<{ name: string; text: string }> {
    const [download] = (await Promise.all([
      page.waitForEvent("download", { timeout: 30_000 }),
      page.locator(`[data-action="${action}"]`).click(),
    ])) as [Download, unknown];
    return { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
  }

  it("describes and draws what was chosen, and gives table, statistics and picture as files", async () => {
    const page = await installation().open("explore");
    await choose(page, "oven-1", "-level", "heat");
    assert.equal(
      await page.locator('[data-explore-column="note"]').count(),
      0,
      "a text is no column to calculate with",
    );
    await page.locator('[data-action="show"]').click();
    const line = page.locator('[data-explore-line="heat"]');
    await line.waitFor({ timeout: 40_000 });
    const measure = (name: string): Promise<string> => line.locator(`[data-measure="${name}"]`).innerText();
    const heats = Array.from({ length: count }, (_, i) => level(i) ** 2);
    const mean = heats.reduce((a, b) => a + b) / count;
    const sd = Math.sqrt(heats.reduce((sum, heat) => sum + (heat - mean) ** 2, 0) / (count - 1));
    assert.deepEqual(
      [await measure("count"), await measure("missing"), await measure("mean"), await measure("sd")],
      ["60", "0", String(Number(mean.toPrecision(5))), String(Number(sd.toPrecision(5)))],
    );
    const picture = page.locator('[data-explore="picture"]');
    await until("the picture is drawn", async () =>
      picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth > 100),
    );

    const data = await saved(page, "data");
    assert.match(data.name, /^oven-1-\d{12}\.csv$/);
    const lines = data.text.split("\r\n");
    // A name that a table program takes for a formula gets an apostrophe; a number below 0 stays one.
    assert.equal(lines[0], "time,id,'-level,heat");
    assert.equal(lines[1], `${new Date(start).toISOString()},oven-1,${-level(0)},${level(0) ** 2}`);
    assert.deepEqual([lines.length, lines.at(-1)], [count + 2, ""]);

    const statistics = await saved(page, "statistics");
    assert.match(statistics.name, /-statistics\.csv$/);
    const [header = "", first = ""] = statistics.text.split("\r\n");
    assert.match(header, /^twin,name,unit,count,missing,mean,sd,min,q1,median,q3,max,skewness,kurtosis$/);
    assert.match(first, /^oven-1,'-level,,60,0,-/);

    const svg = await saved(page, "picture");
    assert.match(svg.name, /-pair\.svg$/);
    assert.match(svg.text, /^(<\?xml[^>]*\?>\s*)?<svg /);
  });

  it("compares twins, by group", async () => {
    const page = await installation().open("explore");
    await choose(page, "oven-1", "heat");
    await page.locator('[data-explore-twin="oven-2"]').click();
    await page.locator('[data-explore-plot="box"]').click();
    await until("both are chosen", async () => (await page.locator("[data-explore-twin].on").count()) === 2);
    await page.locator('[data-action="show"]').click();
    await page.locator("[data-explore-line]").nth(1).waitFor({ timeout: 40_000 });
    assert.match(await page.locator(".mte-table tbody").innerText(), /^oven-1\s[\s\S]*\noven-2\s/);
  });

  it("is each operator's own: another page gets neither the choice nor the answer", async () => {
    const [one, two] = [await installation().open("explore"), await installation().open("explore")];
    let heard = 0;
    two.on("websocket", (socket) =>
      socket.on("framereceived", ({ payload }) => {
        if (String(payload).includes("oven-2")) heard++;
      }),
    );
    await two.reload();
    await two.locator("[data-explore-twin]").first().waitFor();
    await two.locator(".mte-empty").waitFor();
    const before = heard;
    assert.ok(before > 0, "its own list of twins came");
    await choose(one, "oven-2", "heat");
    await one.locator('[data-action="show"]').click();
    await one.locator('[data-explore-line="heat"]').waitFor({ timeout: 40_000 });
    // Its own question is answered after the other's: what was sent to every page would be there by now.
    await two.locator('[data-explore="period"]').selectOption("15m");
    await until("its own answer", () => heard > before);
    assert.equal(heard, before + 1);
    assert.equal(await two.locator(".mte-empty").count(), 1);
    assert.equal(await two.locator('[data-explore-twin="oven-2"].on').count(), 0);
  });

  it("says what is wrong, and goes on", async () => {
    const page = await installation().open("explore");
    await choose(page, "oven-1", "heat");
    await page.locator('[data-explore="period"]').selectOption("own");
    const [from, to] = [
      page.locator('input[type="datetime-local"]').nth(0),
      page.locator('input[type="datetime-local"]').nth(1),
    ];
    await to.fill("2026-01-01T00:00");
    await from.fill("2026-01-02T00:00");
    await page.getByRole("alert").getByText("The period ends before it begins.").waitFor();
    await page.locator('[data-explore="period"]').selectOption("1h");
    await page.locator('[data-action="show"]').click();
    await page.locator('[data-explore-line="heat"]').waitFor({ timeout: 40_000 });
    assert.equal(await page.getByRole("alert").count(), 0);
  });

  it("fits a wall, and a tablet without scrolling sideways", () =>
    assertFits(installation(), "explore", async (page) => {
      await choose(page, "oven-1", "heat");
      await page.locator('[data-action="show"]').click();
      await page.locator('[data-explore="picture"]').waitFor({ timeout: 40_000 });
    }));
});
