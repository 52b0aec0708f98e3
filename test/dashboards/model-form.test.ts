import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { useInstallation } from "./installation";

const model = {
  id: "pressmodel",
  type: "twin-model",
  model: "tablet-press",
  version: 2,
  staleAfter: 60,
  unknown: "reject",
  properties: [
    { name: "force", type: "number", unit: "kN", min: 0, max: 50, gain: 2, offset: -1 },
    { name: "area", type: "number" },
    { name: "pressure", type: "number", unit: "MPa", expression: "force / area" },
    { name: "lot", type: "string" },
  ],
  migrations: [{ to: 2, rename: { kraft: "force" }, scale: { force: { gain: 0.001, offset: -5 } }, remove: ["old"] }],
};

/** The editor of a real Node-RED in a real browser, with the form of that model open. */
describe("the form of a twin-model", function () {
  this.timeout(90_000);
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-form-"));
  const flows = path.join(folder, "flow.json");
  writeFileSync(flows, JSON.stringify([{ id: "tab", type: "tab", label: "form" }, model]));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const installation = useInstallation(() => ({ TWIN_FLOWS: flows }));
  let page: Page;

  before(async () => {
    page = await installation().open("../", { width: 900, height: 1000 });
    await page.waitForFunction("window.RED && RED.nodes && RED.nodes.node('pressmodel')");
    // Else the editor may still be building itself up, and close the form again.
    await page.waitForSelector(".red-ui-palette-node");
    await page.evaluate("RED.editor.editConfig('', 'twin-model', 'pressmodel')");
    await page.waitForSelector("#twin-model-verdicts", { state: "attached" });
  });
  afterEach(() => assert.deepEqual(installation().complaints(), []));

  const rows = () => page.locator("#node-config-input-properties-list > li");
  const verdicts = async (): Promise<string[]> =>
    (await page.locator("#twin-model-verdicts tr").allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
  const says = (expected: RegExp) => page.waitForFunction(`${expected}.test($("#twin-model-fault").text())`);

  it("fits into the tray at its width: nothing to scroll sideways", async () => {
    const [content, visible] = (await page.evaluate(`(() => {
      const body = document.querySelector(".red-ui-tray-body-wrapper");
      return [body.scrollWidth, body.clientWidth];
    })()`)) as [number, number];
    assert.ok(content <= visible, `${content} > ${visible}`);
    assert.equal(await rows().count(), 4);
  });

  it("shows what becomes of a sample, as the server's engine says", async () => {
    await page.fill("#twin-model-sample", '{"force": 10, "area": 4, "lot": 5}');
    await page.waitForSelector("#twin-model-verdicts tr");
    const shown = await verdicts();
    assert.match(shown[0] ?? "", /^force 10 → 19 kN ok$/);
    assert.match(shown[2] ?? "", /^lot the sample is refused: wrong-type/);
    assert.match(shown[3] ?? "", /^pressure = 4.75 MPa ok$/);
  });

  it("names the row that is wrong, as it is typed", async () => {
    const third = rows().nth(2);
    await third.locator("button.twin-model-more").click();
    await third.locator('[data-key="expression"]').fill("force / araea");
    await says(/^Row 3: .*"araea"/);
    await third.locator('[data-key="expression"]').fill("force / area");
    await page.waitForSelector("#twin-model-verdicts tr");
    installation().complaints(); // The browser notes the status 422.
  });

  it("shows only fields that apply", async () => {
    const derived = rows().nth(2);
    assert.equal(await derived.locator('[data-key="gain"]').isVisible(), false);
    assert.equal(await derived.locator('[data-key="expression"]').isVisible(), true);
    const lot = rows().nth(3);
    await lot.locator("button.twin-model-more").click();
    assert.equal(await lot.locator('[data-key="lsl"]').isVisible(), false);
    assert.equal(await lot.locator('[data-key="label"]').isVisible(), true);
  });

  it("imports a CSV with semicolons: new rows, changed rows, the rest stays", async () => {
    await page.click("#twin-model-import");
    await page.fill("#twin-model-import-text", "name;unit;max;note\nforce;kN;60,5;x\nspeed;1/h;120;y");
    await page.click("#twin-model-import-take");
    await page.waitForFunction(
      "/Properties added: 1, changed: 1. Not taken over: note/.test($('#twin-model-import-said').text())",
    );
    assert.equal(await rows().count(), 5);
    assert.equal(await rows().nth(0).locator('[data-key="max"]').inputValue(), "60.5");
    assert.equal(await rows().nth(0).locator('[data-key="gain"]').inputValue(), "2", "what the CSV does not say stays");
  });

  it("says what is wrong with an import, and changes nothing", async () => {
    await page.click("#twin-model-import");
    await page.fill("#twin-model-import-text", "name;min\nforce;much");
    await page.click("#twin-model-import-take");
    await page.waitForFunction("/line 2: min is \"much\"/.test($('#twin-model-import-said').text())");
    assert.equal(await rows().count(), 5);
    installation().complaints(); // The browser notes the status 422.
  });

  it("stores the table as it stands: no field that does not apply, steps as objects", async () => {
    await page.click("#node-config-dialog-ok");
    await page.waitForSelector("#twin-model-verdicts", { state: "detached" });
    const stored = (await page.evaluate(
      "(() => { const n = RED.nodes.node('pressmodel'); return { properties: n.properties, migrations: n.migrations }; })()",
    )) as typeof model;
    assert.deepEqual(stored.properties, [
      { ...model.properties[0], max: 60.5 },
      ...model.properties.slice(1),
      { name: "speed", type: "number", unit: "1/h", max: 120 },
    ]);
    assert.deepEqual(stored.migrations, model.migrations);
  });
});
