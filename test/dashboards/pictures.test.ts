import assert from "node:assert/strict";
import path from "node:path";
import { projectRoot } from "../flows/project";
import { useInstallation } from "./installation";

describe("the example of real batches in pictures", () => {
  const installation = useInstallation(() => ({
    TWIN_FLOWS: path.join(projectRoot, "examples/pair-plot-of-real-batches.json"),
  }));

  it("serves every kind as a picture that a browser shows, and says why it draws no other", async function () {
    this.timeout(120_000);
    const { url } = installation();
    const page = await installation().open("../batches", { width: 1200, height: 900 });
    await page.waitForFunction(`[...document.images].every((image) => image.complete)`);
    const widths = (await page.evaluate(`[...document.images].map((image) => image.naturalWidth)`)) as number[];
    assert.equal(widths.length, 5);
    for (const width of widths) assert.ok(width > 400, `${width}`);
    assert.deepEqual(installation().complaints(), []);

    const pair = await fetch(`${url}/batches/pair`);
    assert.match(pair.headers.get("content-type") ?? "", /^image\/svg\+xml/);
    const svg = await pair.text();
    for (const text of ["Tablet batches by product", "Hardness (N)", "13 (131)", "23 (187)"])
      assert.ok(svg.includes(text), text);
    const histogram = await (await fetch(`${url}/batches/histogram`)).text();
    assert.ok(histogram.includes("LSL 42"));
    // These cells hold blanks only: the csv node makes 0 of them when it is to parse numbers.
    assert.ok(histogram.includes("Missing: Water in the active ingredient 14."));

    const other = await fetch(`${url}/batches/pie`);
    assert.ok(other.status >= 400);
    const { hint, message } = (await other.json()) as { hint: string; message: string };
    assert.match(message + hint, /pie.*histogram/s);
  });
});
