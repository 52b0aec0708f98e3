import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { duplicateKinds, featureKinds, keeps, orders, resampleMethods } from "../../engine/cleaning/row-options";
import { until } from "../start/server";
import { useInstallation } from "./installation";

const rules = [
  { property: "temperature", outlier: "hampel", window: 20, k: 6, onOutlier: "replace", missing: "ffill", maxGap: 3 },
  { property: "force", min: 0, max: 60, onRange: "drop", missing: "constant", fill: 5 },
  // Keys without effect, as an older form or a hand may leave them.
  { property: "lot", convert: "string", k: 4, smooth: "none", window: "" },
];
const flow = [
  { id: "tab", type: "tab", label: "form" },
  {
    ...{ id: "pressmodel", type: "twin-model", model: "tablet-press", version: 1, staleAfter: 60, unknown: "keep" },
    properties: [
      { name: "temperature", type: "number", unit: "°C", label: "Kettle" },
      { name: "force", type: "number", unit: "kN" },
      { name: "lot", type: "string" },
    ],
  },
  { id: "feed", type: "http in", z: "tab", url: "/feed", method: "post", x: 100, y: 100, wires: [["each", "answer"]] },
  { id: "answer", type: "http response", z: "tab", x: 300, y: 40, wires: [] },
  {
    ...{ id: "each", type: "function", z: "tab", x: 250, y: 100, outputs: 1, wires: [["clean"]] },
    func: "for (const s of msg.payload) node.send({ topic: s.id, payload: s.values, twin: { id: s.id, ts: s.ts } });",
  },
  { id: "clean", type: "twin-clean", z: "tab", x: 400, y: 100, model: "pressmodel", rules, wires: [[], [], []] },
  { id: "quiet", type: "twin-clean", z: "tab", x: 400, y: 200, dropDuplicates: true, wires: [[], [], []] },
];

/** A spike, two gaps, a value beyond the range; every tenth sample is of another twin. */
const samples = Array.from({ length: 60 }, (_, i) => ({
  id: i % 10 === 9 ? "press-7" : "press-6",
  ts: Date.UTC(2026, 10, 24, 8) + i * 1000,
  values: {
    temperature: i === 48 ? 95.2 : i === 52 || i === 53 ? null : 21 + (i % 5) / 10,
    force: i === 55 ? 99 : 12 + (i % 3) / 10,
    lot: "A12",
  },
}));

/** Texts that do not fit into their place: labels and lines, what selects offer, what empty fields say. */
const cutOff = `(() => {
  const pen = document.createElement("canvas").getContext("2d");
  const width = (element, text) => { pen.font = getComputedStyle(element).font; return pen.measureText(text).width; };
  const seen = (selector) => [...document.querySelectorAll(".red-ui-tray-body " + selector)].filter((one) => one.checkVisibility());
  const found = [];
  for (const one of seen("label, .twin-clean-summary, .twin-clean-step-name span, .twin-clean-hint, td, th, .form-tips"))
    if (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 2) found.push(one.textContent);
  for (const one of seen("select[data-key], #node-input-order, #node-input-duplicates, #node-input-keep, #node-input-resampleMethod"))
    for (const option of one.options) if (width(one, option.text) > one.clientWidth - 24) found.push(option.text);
  for (const one of seen("input[type=text]"))
    if (!one.value && width(one, one.placeholder) > one.clientWidth - 12) found.push(one.placeholder);
  return [...new Set(found)];
})()`;

/** Texts whose colour is too near to what is behind them (contrast below 3, as WCAG 2.1 has it for what is not small print). */
const faint = `(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.5) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const one of document.querySelector("#twin-clean-tabs").closest("form").querySelectorAll("label, span, td, th, small, s, i, b, select, input")) {
    if (!one.checkVisibility() || (one.tagName !== "I" && !one.textContent.trim() && !one.value)) continue;
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 3) found.push(one.className + ": " + one.textContent);
  }
  return [...new Set(found)];
})()`;

/** Names of properties, twins, units, methods, fields and formats stay as they are. */
const sameInChinese =
  /\b(temperature|force|lot|press|tablet|Kettle|Hampel|IQR|EWMA|MAD|Savitzky|Golay|UTC|auto|ISO|Asia|Shanghai|dd|MM|yyyy|HH|mm|ss|time|timestamp|date|msg\.report|uncertain|null|NaN|twin-clean|twin|clean|rolling_mean)\b/g;
const english = `(() => {
  const root = document.querySelector("#twin-clean-tabs").closest("form");
  const texts = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode.textContent);
  for (const one of root.querySelectorAll("[title], [placeholder], [aria-label]"))
    for (const name of ["title", "placeholder", "aria-label"]) texts.push(one.getAttribute(name) ?? "");
  return texts;
})()`;

describe("the form of a twin-clean", function () {
  this.timeout(90_000);
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-clean-form-"));
  const flows = path.join(folder, "flow.json");
  writeFileSync(flows, JSON.stringify(flow));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const installation = useInstallation(() => ({ TWIN_FLOWS: flows }));
  let page: Page;

  /** Loading the editor takes long: it is done once for each language. */
  async function load(language: string): Promise<void> {
    if (language) await page.evaluate(`localStorage.setItem("editor-language", "${language}")`);
    if (language) await page.reload();
    await page.waitForFunction(`window.RED && RED.nodes && RED.nodes.node("clean")`);
    await page.waitForSelector(".red-ui-palette-node");
  }
  async function open(node: string): Promise<void> {
    await page.evaluate(`RED.editor.edit(RED.nodes.node("${node}"))`);
    await page.waitForSelector("#twin-clean-preview-said:not(:empty)");
  }
  async function close(button: "ok" | "cancel"): Promise<void> {
    await page.click(`#node-dialog-${button}`);
    await page.waitForSelector("#twin-clean-rules", { state: "detached" });
  }
  const stored = (node: string) =>
    page.evaluate(
      `(() => { const { rules, features, dropDuplicates, duplicates, order, resample, changed } = RED.nodes.node("${node}"); return { rules, features, dropDuplicates, duplicates, order, resample, changed: !!changed }; })()`,
    ) as Promise<Record<string, unknown>>;
  const row = (index: number) => page.locator("#twin-clean-rules > li").nth(index);
  /** Opens the details of a rule. While the tray still slides in, a click may miss. */
  async function expand(index: number): Promise<void> {
    const isOpen = () => row(index).locator(".twin-clean-steps").isVisible();
    await until("expanded", async () => {
      if (!(await isOpen())) await row(index).locator(".twin-clean-more").click();
      return isOpen();
    });
  }
  const tab = (index: number) => page.locator("#twin-clean-tabs li").nth(index).locator("a").first().click();
  const rowAt = (time: RegExp) => page.locator("#twin-clean-preview-table tr", { hasText: time });

  before(async () => {
    // The editor is served a little before the flows run.
    await until("fed", async () => {
      const response = await fetch(`${installation().url}/feed`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(samples),
      });
      return response.ok;
    });
    page = await installation().open("../", { width: 1280, height: 1400 });
    await load("");
  });
  afterEach(async () => {
    if (await page.locator("#twin-clean-rules").count()) await close("cancel");
    assert.deepEqual(installation().complaints(), []);
  });

  it("changes nothing where nothing was changed", async () => {
    await open("clean");
    await close("cancel");
    assert.deepEqual((await stored("clean")).rules, rules);
    assert.equal((await stored("clean")).changed, false);
  });

  it("offers the model's properties with their units, and shows a rule in one line", async () => {
    await open("clean");
    const offered = await page.evaluate(
      `[...document.querySelectorAll("#twin-clean-properties option")].map((one) => [one.value, one.text])`,
    );
    assert.deepEqual(offered, [
      ["*", "all numbers"],
      ["temperature", "Kettle · °C"],
      ["force", "kN"],
      ["lot", ""],
    ]);
    assert.equal(await row(0).locator(".twin-clean-unit").innerText(), "°C");
    assert.equal(await row(0).locator(".twin-clean-summary").innerText(), "Hampel: replace · missing: last value ≤ 3");
    await row(2).locator(".twin-clean-property").fill("force");
    assert.equal(await row(2).locator(".twin-clean-unit").innerText(), "kN");
  });

  it("shows only fields that apply, and says what is wrong as it is typed", async () => {
    await open("clean");
    await expand(0);
    const field = (key: string) => row(0).locator(`[data-key="${key}"]`).first();
    assert.equal(await field("robust").isVisible(), false);
    await field("outlier").selectOption("zscore");
    assert.equal(await field("robust").isVisible(), true);
    await field("k").fill("-1");
    assert.match(await row(0).locator(".twin-clean-summary").innerText(), /"Width \(k\)" must be above 0/);
    await page.waitForFunction(`/Width/.test($("#twin-clean-preview-said").text())`);
    assert.equal(await page.locator("#twin-clean-preview-table tr").count(), 0, "no answer to older rules stays");
    await field("k").fill("3");
    await field("fromUnit").fill("bar");
    await page.waitForFunction(`/^rule 1: .*bar.*°C/.test($("#twin-clean-preview-said").text())`);
    assert.ok(
      await row(0).locator(".twin-clean-summary.twin-clean-wrong").count(),
      "the rule that the server will not take",
    );
    installation().complaints(); // The browser notes the status 422.
  });

  it("previews what the rules as they stand make of the last data: the spike, the gaps, the row that goes", async () => {
    await open("clean");
    assert.equal(await page.locator("#twin-clean-preview-table tr").count(), 55, "a head and the samples of press-6");
    const spike = rowAt(/:00:48/);
    assert.match(await spike.innerText(), /21\.\d+\s*95\.2\s*outlier replaced/);
    assert.equal(await spike.locator("i.fa-exchange.twin-clean-altered").count(), 1, "colour and symbol");
    assert.match(await rowAt(/:00:52/).innerText(), /filled/);
    assert.match(await rowAt(/:00:55/).innerText(), /force: out of range/);
    assert.match((await rowAt(/:00:55/).getAttribute("class")) ?? "", /twin-clean-gone/);
    const legend = await page.locator("#twin-clean-preview-legend").innerText();
    assert.match(legend, /row dropped: 1[\s\S]*outlier replaced: 1[\s\S]*filled: 2/);
    const marks = page.locator("#twin-clean-preview-chart svg title");
    assert.ok((await marks.allTextContents()).includes("outlier replaced"));

    await expand(0);
    await row(0).locator('[data-key="onOutlier"]').selectOption("mark");
    await rowAt(/:00:48/)
      .locator("i.fa-flag.twin-clean-doubtful")
      .waitFor();
    assert.match(await rowAt(/:00:48/).innerText(), /95\.2\s*outlier/);
    await page.selectOption("#twin-clean-preview-twin", "press-7");
    await page.waitForFunction(`$("#twin-clean-preview-table tr").length === 7`);
    await close("cancel");
    assert.deepEqual((await stored("clean")).rules, rules, "nothing of it is deployed");
  });

  it("keeps the settings of rows and new columns of a quiet node, which says that nothing came yet", async () => {
    await open("quiet");
    assert.match(await page.locator("#twin-clean-preview-said").innerText(), /No data came through/);
    const offered = (name: string) =>
      page.evaluate(`[...document.querySelectorAll("#node-input-${name} option")].map((one) => one.value)`);
    assert.deepEqual(await offered("order"), orders);
    assert.deepEqual(await offered("duplicates"), duplicateKinds);
    assert.deepEqual(await offered("keep"), keeps);
    assert.deepEqual(await offered("resampleMethod"), resampleMethods);
    await tab(1);
    assert.equal(await page.inputValue("#node-input-duplicates"), "all", "dropDuplicates of old");
    assert.equal(await page.locator("#node-input-resampleMethod").isVisible(), false);
    await page.fill("#node-input-resample", "10s");
    assert.equal(await page.locator("#node-input-resampleMethod").isVisible(), true);
    await page.selectOption("#node-input-order", "sort");
    await page.selectOption("#node-input-duplicates", "time");
    await tab(2);
    await page.click("#twin-clean-pane-columns .red-ui-editableList-addButton");
    const line = page.locator("#twin-clean-features > li").first();
    const kinds = `[...document.querySelectorAll('#twin-clean-features [data-key="kind"] option')].map((one) => one.value)`;
    assert.deepEqual(await page.evaluate(kinds), featureKinds);
    await line.locator('[data-key="property"]').fill("force");
    await line.locator('[data-key="kind"]').selectOption("rolling-mean");
    await line.locator('[data-key="size"]').fill("5m");
    assert.match(await line.innerText(), /force_rolling_mean_5m/);
    await close("ok");
    assert.deepEqual(await stored("quiet"), {
      ...{ rules: [], dropDuplicates: false, duplicates: "time", order: "sort", resample: "10s", changed: true },
      features: [{ property: "force", kind: "rolling-mean", window: "5m" }],
    });
  });

  it("keeps what was set, and stores only what applies and is no default", async () => {
    await open("clean");
    await expand(2);
    await close("ok");
    assert.deepEqual((await stored("clean")).rules, [...rules.slice(0, 2), { property: "lot", convert: "string" }]);
  });

  async function showAll(): Promise<void> {
    await expand(0);
    for (const [key, value] of Object.entries({
      convert: "integer",
      outlier: "zscore",
      missing: "linear",
      smooth: "savitzky-golay",
    }))
      await row(0).locator(`[data-key="${key}"]`).first().selectOption(value);
    for (const [key, value] of Object.entries({ min: "0", stuck: "10m", maxRate: "5", window: "21" }))
      await row(0).locator(`[data-key="${key}"]`).first().fill(value);
    await expand(2);
    await row(2).locator('[data-key="convert"]').selectOption("time");
  }

  it("would be told of a text that is cut off, too faint or in English", async () => {
    await open("clean");
    await page.evaluate(
      `$("label[for=node-input-name]").attr("style", "width: 20px; overflow: hidden; white-space: nowrap")`,
    );
    assert.deepEqual(await page.evaluate(cutOff), [" Name"]);
    await page.evaluate(`$("#twin-clean-preview-said").after('<span style="color: rgb(250, 250, 250)">faint</span>')`);
    assert.deepEqual(await page.evaluate(faint), [": faint"]);
    assert.ok(((await page.evaluate(english)) as string[]).includes("faint"));
  });

  for (const language of ["English", "Chinese"])
    for (const theme of ["", "nr-theme-dark"])
      it(`in ${language}${theme ? ", dark" : ""}: no text is cut off, nothing scrolls sideways, all is readable`, async () => {
        if (language === "Chinese" && !theme) await load("zh-CN");
        await open("clean");
        await page.evaluate(`document.documentElement.classList.toggle("nr-theme-dark", ${theme !== ""})`);
        const [content, visible] = (await page.evaluate(`(() => {
          const body = document.querySelector(".red-ui-tray-body-wrapper");
          return [body.scrollWidth, body.clientWidth];
        })()`)) as [number, number];
        assert.ok(content <= visible, `${content} > ${visible}`);
        await showAll();
        for (const pane of [0, 1, 2]) {
          await tab(pane);
          if (pane === 1) await page.fill("#node-input-resample", "10s");
          if (pane === 1) await page.selectOption("#node-input-resampleMethod", "linear");
          if (pane === 1) await page.selectOption("#node-input-duplicates", "time");
          if (pane === 2) await page.click("#twin-clean-pane-columns .red-ui-editableList-addButton");
          assert.deepEqual(await page.evaluate(cutOff), []);
          assert.deepEqual(await page.evaluate(faint), []);
        }
        if (language === "English") return;
        const texts = (await page.evaluate(english)) as string[];
        const words = texts.flatMap((text) => text.replace(sameInChinese, "").match(/[A-Za-z]{3,}/g) ?? []);
        assert.deepEqual(words, []);
      });
});
