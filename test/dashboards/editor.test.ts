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
});
