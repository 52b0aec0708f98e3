import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { until } from "../start/server";
import { assertFits, useInstallation } from "./installation";

describe("the Data quality page", function () {
  this.timeout(60_000);
  const installation = useInstallation();
  const post = (body: unknown): Promise<Response> =>
    fetch(`${installation().url}/api/readings`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  const percent = (page: Page, sensor: string): Promise<string> =>
    page.locator(`[data-sensor="${sensor}"] [data-value="completeness"]`).innerText();
  const counted = (page: Page, sensor: string, what: string): Promise<string> =>
    page.locator(`[data-sensor="${sensor}"] [data-value="${what}"]`).innerText();

  before(async function () {
    this.timeout(60_000);
    // The shipped wiring, with a period that a test can wait for.
    const address = `${installation().url}/flow/twin`;
    const flow = (await (await fetch(address)).json()) as { nodes: { id: string }[] };
    const nodes = flow.nodes.map((node) => (node.id === "twin-clean" ? { ...node, qualityEvery: 1 } : node));
    const answer = await fetch(address, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...flow, nodes }),
    });
    assert.equal(answer.status, 200, await answer.text());
    await until(
      "the door is open again",
      async () => (await post({ id: "press-7", tbl_speed: 80, main_comp: null })).ok,
    );
    for (let i = 0; i < 3; i++)
      assert.equal((await post({ id: "press-7", tbl_speed: 80, main_comp: null })).status, 200);
    assert.equal((await post({ id: "press-7", tbl_speed: 80, main_comp: 5.5, SREL: 30 })).status, 200);
    for (let i = 0; i < 2; i++) assert.equal((await post({ id: "press-7", tbl_speed: "fast" })).status, 422);
    assert.equal((await post({ id: "press-8", wheels: 4 })).status, 422);
  });
  afterEach(() => {
    assert.deepEqual(installation().complaints(), [], "errors on the pages, or requests beyond this computer");
  });

  it("begins with the worst twin, and its worst sensor: what was missing, refused and marked", async () => {
    const page = await installation().open("quality");
    // The worst of all: a twin of which nothing could be taken.
    const title = page.locator(".mtq-title").first();
    await until(
      "it is in the history",
      async () => {
        await page.locator('[data-period="1h"]').click();
        return (await title.count()) > 0 && (await title.innerText()) === "press-8";
      },
      30_000,
    );
    assert.equal(await page.locator('[data-fact="refused"]').innerText(), "1");
    await page.locator('[data-quality-twin="press-7"]').click();
    await until(
      "all of it is in the history",
      async () => {
        await page.locator('[data-period="1h"]').click();
        return (
          (await page.locator('[data-sensor="main_comp"]').count()) > 0 &&
          (await percent(page, "tbl_speed")) === "71.4 %"
        );
      },
      30_000,
    );
    const twins = await page
      .locator("[data-quality-twin]")
      .evaluateAll((all) => all.map((one) => one.getAttribute("data-quality-twin")));
    assert.deepEqual(twins.slice(0, 2), ["press-8", "press-7"]);
    const sensors = await page
      .locator("[data-sensor]")
      .evaluateAll((all) => all.map((one) => one.getAttribute("data-sensor")));
    // A rule says what to do without an ejection force: so it is missed.
    assert.deepEqual(sensors, ["ejection", "main_comp", "tbl_speed", "SREL"]);
    assert.equal(await percent(page, "main_comp"), "20.0 %");
    assert.equal(await counted(page, "main_comp", "missing"), "4");
    assert.equal(await counted(page, "tbl_speed", "refused"), "2");
    assert.equal(await counted(page, "SREL", "outOfRange"), "1");
    assert.equal(await percent(page, "SREL"), "100 %");
    assert.equal(await page.locator('[data-fact="samples"]').innerText(), "5");
    assert.equal(await page.locator('[data-fact="refused"]').innerText(), "2");
    assert.ok((await page.locator(".mtq-plot rect.f0").count()) > 0, "missing values are drawn");
    await page.locator('[data-sensor="tbl_speed"]').click();
    assert.equal(await page.locator(".mtq-plot rect.f0").count(), 0);
    assert.ok((await page.locator(".mtq-plot rect.f2").count()) > 0, "of the chosen sensor only");
  });

  it("is each operator's own: what one chooses, another does not see", async () => {
    const [one, two] = [await installation().open("quality"), await installation().open("quality")];
    const title = (page: Page) => page.locator(".mtq-title").first();
    for (const page of [one, two]) {
      await page.locator('[data-quality-twin="press-7"]').click();
      await title(page).getByText("press-7").waitFor();
    }
    await one.locator('[data-quality-twin="press-6"]').click();
    await title(one).getByText("press-6").waitFor();
    // Asked again after the other's answer: had that gone to every page, it were shown now.
    await two.locator('[data-period="8h"]').click();
    await two.locator('[data-period="8h"].on').waitFor();
    await until(
      "its own answer",
      async () => (await two.locator(".mtq-plot svg").getAttribute("viewBox")) === "0 0 49 100",
    );
    assert.match(await title(two).innerText(), /press-7/);
    assert.match(await title(one).innerText(), /press-6/);
    assert.equal(await one.locator('[data-period="1h"].on').count(), 1);
  });

  it("shows every period", async () => {
    const page = await installation().open("quality");
    await page.locator('[data-quality-twin="press-6"]').click();
    await page.locator("[data-sensor]").first().waitFor();
    for (const key of ["8h", "24h", "7d"]) {
      await page.locator(`[data-period="${key}"]`).click();
      await page.locator("[data-sensor]").first().waitFor();
    }
  });

  it("fits a wall, and a tablet without scrolling sideways", () =>
    assertFits(installation(), "quality", async (page) => {
      await page.locator('[data-quality-twin="press-6"]').click();
      await page.locator("[data-sensor]").first().waitFor();
    }));
});
