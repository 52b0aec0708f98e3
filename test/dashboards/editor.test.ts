import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { useInstallation } from "./installation";

describe("the editor, for a new user", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-editor-"));
  const file = path.join(folder, "flow.json");
  writeFileSync(file, JSON.stringify([{ id: "tab", type: "tab", label: "Mine" }]));
  const installation = useInstallation(() => ({ TWIN_FLOWS: file }));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("leads from the import of an example to a model that is trained, judged, approved, promoted and used", async function () {
    this.timeout(120_000);
    const page = await installation().open("../", { width: 1700, height: 900 });
    await page.waitForFunction(`window.RED?.nodes?.workspace("tab")`);
    await page.waitForSelector(".red-ui-palette-node");
    await page.keyboard.press("Control+i");
    await page.click("#red-ui-tab-red-ui-clipboard-dialog-import-tab-examples a");
    await page.locator(".red-ui-treeList-label", { hasText: "@meditwin/node-red-twin" }).last().click();
    await page.locator(".red-ui-treeList-label", { hasText: "tablet-hardness-from-process-data" }).last().click();
    await page.click("#red-ui-clipboard-dialog-ok");
    await page.waitForFunction(`RED.nodes.filterNodes({ type: "twin-train" }).length === 1`);
    await page.click("#red-ui-header-button-deploy");
    await page.waitForFunction(`!RED.nodes.dirty()`);
    await page.locator("#red-ui-workspace-tabs li", { hasText: "Tablet hardness" }).click();

    /** Clicks the button of an inject node, and waits for the words to stand below a node or in the debug sidebar. */
    async function press(name: string, words: RegExp): Promise<void> {
      const id = await page.evaluate(
        `RED.nodes.filterNodes({ type: "inject" }).find((node) => node.name === "${name}").id`,
      );
      await page.click(`[id="${id}"] .red-ui-flow-node-button-button`);
      const seen = `$(".red-ui-debug-msg, .red-ui-flow-node-status-label").toArray().some((one) => ${words}.test(one.textContent))`;
      await page.waitForFunction(seen, undefined, { timeout: 30_000 });
    }
    await press("4 one batch", /no-model/);
    await press("1 train", /tablet-hardness version 1: R2 0\.[4-9]/);
    await press("3 promote", /is not approved/);
    await press("2 approve", /tablet-hardness v1 approved/);
    await press("3 promote", /tablet-hardness v1 promoted/);
    await press("4 one batch", /version 1: 1 scored/);
    await press("5 all batches", /9\d % within their interval/);
    assert.deepEqual(installation().complaints(), []);
  });
});
