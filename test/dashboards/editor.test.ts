import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { projectRoot } from "../flows/project";
import { nodeNames } from "../house/node-folder";
import { useInstallation } from "./installation";

/** What the editor's page tells of one form. */
interface Form {
  type: string;
  /** Settings that the node has no value for. */
  absent: string[];
  /** Selects that show nothing, though they offer something. */
  empty: string[];
}

describe("the editor, with nodes that were written by hand or saved before a setting existed", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-editor-"));
  const file = path.join(folder, "flow.json");
  const types = nodeNames(projectRoot);
  writeFileSync(
    file,
    JSON.stringify([
      { id: "tab", type: "tab", label: "By hand" },
      ...types.map((type) => ({ id: type, type, z: "tab", x: 100, y: 100, wires: [] })),
    ]),
  );
  const installation = useInstallation(() => ({ TWIN_FLOWS: file }));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("shows every setting that is absent with its default, in forms that open without an error", async function () {
    this.timeout(120_000);
    const page = await installation().open("../", { width: 1280, height: 900 });
    await page.waitForFunction(`window.RED?.nodes?.node("twin-state")`);
    const forms = (await page.evaluate(`(async () => {
      const nodes = [];
      RED.nodes.eachNode((node) => nodes.push(node));
      RED.nodes.eachConfig((node) => nodes.push(node));
      const pause = () => new Promise((resolve) => setTimeout(resolve, 400));
      const forms = [];
      for (const node of nodes.filter(({ type }) => type.startsWith("twin-"))) {
        const { defaults, category } = node._def;
        if (category === "config") RED.editor.editConfig("", node.type, node.id);
        else RED.editor.edit(node);
        await pause();
        const selects = [...document.querySelectorAll(".red-ui-editor form select")].filter((one) => one.checkVisibility());
        forms.push({
          type: node.type,
          absent: Object.keys(defaults).filter((name) => node[name] === undefined),
          empty: selects.filter((one) => one.options.length > 0 && one.selectedIndex < 0).map(({ id }) => id),
        });
        RED.tray.close();
        await pause();
      }
      return forms;
    })()`)) as Form[];
    assert.deepEqual(forms.map(({ type }) => type).sort(), [...types].sort());
    assert.deepEqual(
      forms.filter(({ absent, empty }) => absent.length + empty.length > 0),
      [],
    );
    assert.deepEqual(installation().complaints(), []);
  });

  it("takes a new user from the import of an example to a model that is trained, judged, approved, promoted and used", async function () {
    this.timeout(120_000);
    const page = await installation().open("../", { width: 1700, height: 900 });
    await page.waitForFunction(`window.RED?.nodes?.node("twin-state")`);
    await page.waitForSelector(".red-ui-palette-node");
    await page.keyboard.press("Control+i");
    await page.click("#red-ui-tab-red-ui-clipboard-dialog-import-tab-examples a");
    await page.locator(".red-ui-treeList-label", { hasText: "@meditwin/node-red-twin" }).last().click();
    await page.locator(".red-ui-treeList-label", { hasText: "tablet-hardness-from-process-data" }).last().click();
    await page.click("#red-ui-clipboard-dialog-ok");
    await page.waitForFunction(`RED.nodes.filterNodes({ type: "twin-train" }).length === 2`);
    await page.click("#red-ui-header-button-deploy");
    // The nodes that were written by hand say nothing of a model: the editor asks whether to deploy them so.
    await page.locator(".red-ui-notification button", { hasText: "Confirm deploy" }).click();
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
