import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { projectRoot } from "../flows/project";
import { useInstallation } from "./installation";

/** The shipped example, with a model for the node that describes the last minute of a room. */
const example = JSON.parse(readFileSync(path.join(projectRoot, "examples/twin-stats.json"), "utf8")) as Record<
  string,
  unknown
>[];
const room = {
  id: "model-of-room",
  type: "twin-model",
  model: "room",
  properties: [
    { name: "temperature", type: "number", unit: "°C" },
    { name: "state", type: "string" },
  ],
};
const flow = [
  room,
  ...example.map((node) => (node.id === "stats-minute" ? { ...node, model: "model-of-room" } : node)),
];

/** Texts that do not fit into their place. */
const cutOff = `(() => {
  const pen = document.createElement("canvas").getContext("2d");
  const width = (element, text) => { pen.font = getComputedStyle(element).font; return pen.measureText(text).width; };
  const seen = (selector) => [...document.querySelectorAll(".red-ui-tray-body " + selector)].filter((one) => one.checkVisibility());
  const found = [];
  for (const one of seen("label > span")) if (one.parentElement.scrollHeight > 44) found.push(one.textContent);
  for (const one of seen("select")) for (const option of one.options) if (width(one, option.text) > one.clientWidth - 24) found.push(option.text);
  for (const one of seen("input[type=text]")) if (!one.value && width(one, one.placeholder) > one.clientWidth - 12) found.push(one.placeholder);
  return [...new Set(found)];
})()`;

describe("the form and the example of twin-stats", function () {
  this.timeout(90_000);
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-stats-form-"));
  const flows = path.join(folder, "flow.json");
  writeFileSync(flows, JSON.stringify(flow));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const installation = useInstallation(() => ({ TWIN_FLOWS: flows }));
  let page: Page;

  async function load(): Promise<void> {
    await page.waitForFunction(`window.RED && RED.nodes && RED.nodes.node("stats-batches")`);
    await page.waitForSelector(".red-ui-palette-node");
  }
  async function open(node: string): Promise<void> {
    await page.evaluate(`RED.editor.edit(RED.nodes.node("${node}"))`);
    await page.waitForSelector("#node-input-plot");
    await page.waitForTimeout(500);
  }
  async function close(button: "ok" | "cancel"): Promise<void> {
    await page.click(`#node-dialog-${button}`);
    await page.waitForSelector("#twin-stats-columns", { state: "detached" });
  }
  const offered = () => page.locator("#twin-stats-offer button").allTextContents();
  const shot = async (name: string): Promise<void> => {
    if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, `${name}.png`) });
  };

  before(async () => {
    page = await installation().open("../", { width: 1280, height: 1000 });
    await load();
  });

  it("answers with the pair plot of the real batches, by product", async () => {
    const answer = await fetch(`${installation().url}/stats-example`);
    const svg = await answer.text();
    assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "image/svg+xml; charset=utf-8"]);
    assert.match(svg, /^<svg.*Tablet batches by product.*dissolution_av.*<\/svg>\s*$/s);
    assert.ok(svg.length < 400_000);
    if (process.env.SHOTS) writeFileSync(path.join(process.env.SHOTS, "pair.svg"), svg);
  });

  it("offers the columns of the last table, and a click takes one", async () => {
    await page.waitForFunction(`RED.nodes.node("stats-pair").status?.text === "318 x 4"`);
    await open("stats-pair");
    const names = await offered();
    assert.ok(
      names.some((name) => name.includes("ejection_mean")) && !names.some((name) => name.includes("tbl_fill_mean")),
    );
    await page.click("#twin-stats-offer button:has-text('ejection_mean')");
    assert.ok(!(await offered()).some((name) => name.includes("ejection_mean")));
    await shot("form-pair");
    await close("ok");
    assert.deepEqual(await page.evaluate(`RED.nodes.node("stats-pair").columns`), [
      "main_CompForce mean",
      "tbl_fill_mean",
      "tbl_av_hardness",
      "dissolution_av",
      "ejection_mean",
    ]);
  });

  it("offers the model's numbers, shows only what applies and says what is wrong", async () => {
    await open("stats-minute");
    assert.deepEqual(
      (await offered()).map((name) => name.trim()),
      ["temperature"],
    );
    const isShown = (id: string) => page.locator(`#node-input-${id}`).isVisible();
    assert.deepEqual(await Promise.all(["windowType", "use", "maxPoints", "timeColumn", "theme"].map(isShown)), [
      true,
      true,
      false,
      false,
      false,
    ]);
    await page.selectOption("#node-input-plot", "series");
    await page.selectOption("#node-input-method", "none");
    await page.fill("#node-input-window", "");
    assert.deepEqual(await Promise.all(["windowType", "use", "maxPoints", "timeColumn", "theme"].map(isShown)), [
      false,
      false,
      false,
      true,
      true,
    ]);
    await page.fill("#node-input-window", "soon");
    await page.press("#node-input-window", "Tab");
    await page.waitForSelector("#node-input-window.input-error");
    await page.fill("#node-input-lag", "1.5");
    await page.press("#node-input-lag", "Tab");
    await page.waitForSelector("#node-input-lag.input-error");
    await shot("form-minute");
    await close("cancel");
  });

  it("fits its texts in both languages", async () => {
    for (const language of ["en-US", "zh-CN"]) {
      await page.evaluate(`localStorage.setItem("editor-language", "${language}")`);
      await page.reload();
      await load();
      await open("stats-pair");
      for (const plot of ["pair", "series"]) {
        await page.selectOption("#node-input-plot", plot);
        assert.deepEqual(await page.evaluate(cutOff), [], `${language} ${plot}`);
      }
      await shot(`form-${language}`);
      if (language === "zh-CN")
        assert.doesNotMatch(
          String(await page.locator("#dialog-form").first().innerText()),
          /Correlation|Picture|Window/,
        );
      await close("cancel");
      await page.evaluate(`RED.sidebar.show("help"); RED.view.select({ nodes: [RED.nodes.node("stats-pair")] })`);
      await page.waitForTimeout(700);
      await shot(`help-${language}`);
    }
    assert.deepEqual(installation().complaints(), []);
  });
});
