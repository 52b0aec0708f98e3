import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright-core";
import { projectRoot } from "../flows/project";
import { formsFlow, wrongSettings } from "./forms.flow";
import { type Inspection, inspectForm } from "./forms.inspect";
import { useInstallation } from "./installation";

/** Errors that the editor's triangle shows, node by node. */
type Validation = Record<string, string[]>;

type Found = Record<keyof Inspection, string[]>;

const nothing = (): Found => ({ missing: [], cut: [], faint: [], english: [], empty: [] });

/** Forms slide in and out for a quarter of a second each: not while somebody waits for dozens of them. */
const standStill = `(() => {
  const style = document.createElement("style");
  style.textContent = "* { transition: none !important; }";
  document.head.append(style);
  const later = window.setTimeout;
  window.setTimeout = (work, ms, ...more) => later(work, ms >= 100 && ms <= 250 ? 5 : ms, ...more);
})()`;

describe("the editor's forms, in both languages, light and dark", function () {
  this.timeout(240_000);
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-forms-"));
  const file = path.join(folder, "flow.json");
  const nodes = formsFlow(projectRoot);
  writeFileSync(file, JSON.stringify(nodes));
  const installation = useInstallation(() => ({ TWIN_FLOWS: file }));
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function openEditor(): Promise<Page> {
    const page = await installation().open("../", { width: 1280, height: 900 });
    await page.waitForFunction(`window.RED?.nodes?.node("twin-state.plain")`);
    await page.waitForSelector(".red-ui-palette-node");
    await page.evaluate(standStill);
    return page;
  }

  /** What is wrong with the forms, each named by its node. */
  async function inspectAll(page: Page): Promise<Found> {
    const all = nothing();
    for (const { id, type } of nodes)
      if (type !== "tab" && !/\.(wrong|unused)/.test(`${id}`)) await inspect(page, `${id}`, all);
    for (const kind of Object.keys(all) as (keyof Inspection)[]) all[kind] = [...new Set(all[kind])];
    return all;
  }

  async function inspect(page: Page, id: string, all: Found): Promise<void> {
    await page.evaluate(`(() => {
      const node = RED.nodes.node("${id}");
      if (node._def.category === "config") RED.editor.editConfig("", node.type, node.id);
      else RED.editor.edit(node);
    })()`);
    // Open when the tray has stopped moving.
    await page.waitForFunction(`(() => {
      const tray = document.querySelector(".red-ui-tray");
      const right = tray?.getBoundingClientRect().right;
      const stands = right !== undefined && right === window.trayWas && Math.abs(right - document.querySelector("#red-ui-editor-stack").getBoundingClientRect().right) < 2;
      window.trayWas = right;
      return stands;
    })()`);
    for (const theme of ["light", "dark"]) {
      await page.evaluate(`document.documentElement.classList.toggle("nr-theme-dark", ${theme === "dark"})`);
      const found = (await page.evaluate(inspectForm)) as Inspection;
      for (const kind of Object.keys(all) as (keyof Inspection)[])
        for (const one of found[kind]) all[kind].push(kind === "faint" ? `${id} ${theme}: ${one}` : `${id}: ${one}`);
    }
    await page.evaluate(`document.documentElement.classList.remove("nr-theme-dark")`);
    await page.evaluate(`$("#node-dialog-cancel, #node-config-dialog-cancel").trigger("click")`);
    await page.waitForFunction(`!document.querySelector(".red-ui-tray")`);
  }

  const validate = (page: Page): Promise<Validation> =>
    page.evaluate(`(() => {
      const said = {};
      const look = (node) => {
        if (!node.type.startsWith("twin-")) return;
        RED.editor.validateNode(node);
        said[node.id] = node.validationErrors;
      };
      RED.nodes.eachNode(look);
      RED.nodes.eachConfig(look);
      return said;
    })()`) as Promise<Validation>;

  function checkValidation(said: Validation, isSentence: RegExp): void {
    for (const [id, errors] of Object.entries(said)) {
      assert.equal(errors.length, wrongSettings(id), `${id}: ${errors.join(" / ")}`);
      for (const text of errors) {
        assert.match(text, isSentence, id);
        assert.doesNotMatch(text, /\btwin-[a-z]+\.[a-zA-Z]+\./, id);
      }
    }
  }

  /** Also of nodes that were written by hand, or saved before a setting existed. */
  async function assertNoneAbsent(page: Page): Promise<void> {
    const looked = (await page.evaluate(`(() => {
      const looked = {};
      const look = (node) => {
        looked[node.id] = Object.keys(node._def.defaults).filter((name) => node[name] === undefined);
      };
      RED.nodes.eachNode(look);
      RED.nodes.eachConfig(look);
      return looked;
    })()`)) as Record<string, string[]>;
    for (const { id, type } of nodes) if (type !== "tab") assert.deepEqual(looked[`${id}`], [], `${id}`);
  }

  it("show every text whole and readable, each absent setting with its default, and of each wrong one what is wrong, in English", async () => {
    const page = await openEditor();
    await assertNoneAbsent(page);
    assert.deepEqual({ ...(await inspectAll(page)), english: [] }, nothing());
    checkValidation(await validate(page), /\w+ \w+/);
    assert.deepEqual(installation().complaints(), []);
  });

  it("and in Chinese with TWIN_LANG=zh-CN, whatever the browser speaks, with no English left", async () => {
    await installation().stop();
    await installation().start("zh-CN");
    const page = await openEditor();
    assert.deepEqual(await inspectAll(page), nothing());
    checkValidation(await validate(page), /[\u4e00-\u9fff]/);
    assert.deepEqual(installation().complaints(), []);
  });

  it("choose the target and features of a training from a sample of the table, by keyboard too, with names as they stand", async () => {
    const page = await openEditor();
    const lines = Array.from({ length: 60 }, (_, i) => [
      900 + i,
      (i * 7) % 11,
      i % 2 ? "红" : "蓝",
      (i * 5) % 13,
      i % 3 ? 1 : 0,
    ]);
    await page.evaluate(`RED.editor.edit(RED.nodes.node("twin-train.plain"))`);
    await page.waitForSelector("#twin-train-columns-said:not(:empty)");
    await page.selectOption("#twin-train-columns-source", "paste");
    await page.fill("#twin-train-columns-paste", [["<b>号</b>", "压力", "颜色", "硬度", "合格"], ...lines].join("\n"));
    const line = (name: string) => page.locator("#twin-train-columns-table tbody tr", { hasText: name });
    const ticked = () =>
      page.evaluate(
        `$("#twin-train-columns-table tr:has(:checkbox:checked) td:nth-child(3) > span").toArray().map((one) => one.textContent)`,
      );
    await line("合格").locator("[type=radio]").check();
    await page.waitForFunction(`$("#twin-train-columns-advice").text().includes("随机森林")`);
    assert.deepEqual(await ticked(), ["<b>号</b>", "压力", "颜色", "硬度"], "none listed: every other column");
    assert.match(await line("<b>号</b>").innerText(), /序列号/);
    assert.match(await line("颜色").innerText(), /类别\s+2\s+V 0\.\d\d/);
    await page.click("#twin-train-columns-use");
    await page.click("#twin-train-columns-suggest");
    await line("硬度").locator("[type=checkbox]").focus();
    await page.keyboard.press("Space");
    assert.deepEqual(await ticked(), ["压力", "颜色"]);
    assert.equal(
      await page.evaluate(`$(document.activeElement).closest("tr").data("name")`),
      "硬度",
      "the focus stays",
    );
    assert.deepEqual(await page.evaluate(inspectForm), nothing());
    await page.click("#node-dialog-ok");
    await page.waitForFunction(`!document.querySelector(".red-ui-tray")`);
    const stored = `(({ target, features, algorithm }) => ({ target, features, algorithm }))(RED.nodes.node("twin-train.plain"))`;
    assert.deepEqual(await page.evaluate(stored), {
      target: "合格",
      features: ["压力", "颜色"],
      algorithm: "forest-classifier",
    });
    assert.deepEqual(installation().complaints(), []);
  });

  it("search the settings of a training: the count is right, what is wrong is said at once, and the list is kept as typed", async () => {
    const page = await openEditor();
    await page.evaluate(`RED.editor.edit(RED.nodes.node("twin-train.variant2"))`);
    await page.waitForSelector(".twin-train-tune-line >> nth=2");
    const said = (text: string) =>
      page.waitForFunction(`$("#twin-train-trials, [data-field=tune] > .twin-train-fault").text().includes("${text}")`);
    await said("尝试 60 个组合，每个组合依次拟合 5 份");
    await page.selectOption("#node-input-search", "grid");
    await said("“Alpha”给出的是范围：请改为随机搜索，或列出取值");
    await page.fill(".twin-train-tune-line >> nth=1 >> input", "0.1, 10");
    await said("尝试 5 个组合");
    await page.click("[data-field=tune] .red-ui-editableList-addButton");
    await page.selectOption(".twin-train-tune-line >> nth=3 >> select", "intercept");
    await said("“包含截距”：请给出 1 到 100 个取值");
    for (const box of [0, 1]) await page.check(`.twin-train-tune-line >> nth=3 >> input >> nth=${box}`);
    await said("尝试 7 个组合");
    await page.click("#node-dialog-ok");
    await page.waitForFunction(`!document.querySelector(".red-ui-tray")`);
    assert.deepEqual(await page.evaluate(`RED.nodes.node("twin-train.variant2").tune`), [
      { setting: "algorithm", values: ["ridge", "forest-regressor"] },
      { setting: "alpha", values: [0.1, 10] },
      { setting: "maxDepth", values: [4, 8, 0] },
      { setting: "intercept", values: ["true", "false"] },
    ]);
    assert.deepEqual(installation().complaints(), []);
  });

  it("would be caught with a missing text, one that is cut off, one that is faint, and one that is English (control)", async () => {
    const page = await openEditor();
    await page.evaluate(`RED.editor.edit(RED.nodes.node("twin-write.plain"))`);
    await page.waitForSelector(".red-ui-tray form .form-tips");
    const found = (await page.evaluate(`(() => {
      $(".red-ui-tray form").append(
        "<div>twin-write.label.nothing</div>",
        '<div style="width: 40px; overflow: hidden; white-space: nowrap">长长的文字长长的文字</div>',
        '<select id="narrow" style="width: 60px"><option>长长的文字长长的文字</option></select>',
        '<div style="color: #999">看不清</div>',
        "<div>Left in English</div>");
      return ${inspectForm};
    })()`)) as Inspection;
    assert.deepEqual(found.missing, ["twin-write.label.nothing"]);
    assert.deepEqual(found.cut, ['"长长的文字长长的文字"', 'narrow: "长长的文字长长的文字"']);
    assert.match(found.faint.join(), /^"看不清" 2\.\d$/);
    assert.ok(found.english.includes('"Left in English"'));
  });
});
