import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type NodeType, readNodeTypes, registeredIn } from "../../scripts/flows/node-types";
import { projectRoot } from "../flows/project";
import { checkNodeFolder, nodeNames } from "./node-folder";

const types = new Map<string, NodeType>();
before(() => {
  for (const [name, type] of readNodeTypes(projectRoot)) types.set(name, type);
});

describe("the shape of a node's folder", () => {
  for (const name of nodeNames(projectRoot))
    it(`${name} has it`, () => assert.deepEqual(checkNodeFolder(projectRoot, name, types), []));
});

describe("the rules of that shape", () => {
  let root = "";
  const file = (part: string): string => path.join(root, part.replaceAll("NODE", "nodes/twin-oee/twin-oee"));
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "meditwin-house-"));
    execFileSync(process.execPath, [path.join(projectRoot, "scripts/new.mjs"), "twin-oee", root], { stdio: "ignore" });
    const html = readFileSync(file("NODE.html"), "utf8");
    for (const found of registeredIn(html, "twin-oee.html")) types.set(found.type, { ...found, from: "ours" });
  });
  afterEach(() => {
    types.delete("twin-oee");
    rmSync(root, { recursive: true, force: true });
  });

  it("are all kept by the template", () => assert.deepEqual(checkNodeFolder(root, "twin-oee", types), []));

  const english = "nodes/twin-oee/locales/en-US/twin-oee";
  const chinese = "nodes/twin-oee/locales/zh-CN/twin-oee";
  const broken: [RegExp, string, (text: string) => string | undefined][] = [
    [/twin-oee\.ts is missing/, "NODE.ts", () => undefined],
    [
      /validator .* needs \(value, opt\)/,
      "NODE.html",
      (text) =>
        text.replace(
          /defaults: \{/,
          'defaults: {\n      odd: { validate: function (v) { return v || this._("twin-oee.x"); } },',
        ),
    ],
    [/settings\.ts is missing/, "NODE.settings.ts", () => undefined],
    [/no test under/, "test/nodes/twin-oee.test.ts", () => undefined],
    [/no export default defineNode/, "NODE.ts", (text) => text.replace("export default", "export const a =")],
    [/does not say type/, "NODE.ts", (text) => text.replace('type: "twin-oee"', 'type: "twin-eoo"')],
    [
      /registerType has not/,
      "NODE.html",
      (text) => text.replace('registerType("twin-oee", {', 'registerType("twin-" + "oee", {'),
    ],
    [/registers no type/, "NODE.html", (text) => text.replace('registerType("twin-oee"', 'registerType("twin-eoo"')],
    [/defaults are not inline/, "NODE.html", (text) => text.replace("defaults: {", "defaults: window.x || {")],
    [/category is misc/, "NODE.html", (text) => text.replace('"digital twin"', '"misc"')],
    [/may not be called wires/, "NODE.html", (text) => text.replace("property: {", "wires: {")],
    [/may not be called k/, "NODE.html", (text) => text.replace("property: {", "k: {")],
    [/no field for breadth/, "NODE.html", (text) => text.replace("property: {", "breadth: {")],
    [
      /is required/,
      "NODE.html",
      (text) => text.replace('property: { value: "value" }', 'property: { value: "", type: "twin-store" }'),
    ],
    [/icon .* is not in icons/, "nodes/twin-oee/icons/twin-oee.svg", () => undefined],
    [/no palette colour/, "NODE.html", (text) => text.replace(/color: "#.*",/, "")],
    [/fixed colour #ff0000/, "NODE.html", (text) => text.replace("width: 120px", "color: #ff0000")],
    [/fixed colour red/, "NODE.html", (text) => text.replace("width: 120px", "border: 1px solid red")],
    [
      /fixed colour rgb\(/,
      "NODE.html",
      (text) => text.replace("limit: {", 'limit: { x: $("a").css("background", "rgb(1,2,3)"),'),
    ],
    [/from outside/, "NODE.html", (text) => `${text}<link href="https://example.org/x.css">`],
    [
      /label\.limit is not there in zh-CN/,
      `${chinese}.json`,
      (text) => text.replace('"limit": "上限" }', '"upper": "上限" }'),
    ],
    [
      /label\.upper is not there in en-US/,
      `${chinese}.json`,
      (text) => text.replace('"limit": "上限" }', '"upper": "上限" }'),
    ],
    [/label\.name is empty in one language/, `${chinese}.json`, (text) => text.replace('"名称"', '" "')],
    [/fills in other values/, `${english}.json`, (text) => text.replace('"passed" }', '"__n__ passed" }')],
    [/one top key/, `${english}.json`, (text) => text.replace('"twin-oee"', '"twin-eoo"')],
    [
      /uses the text twin-oee\.label\.gone/,
      "NODE.html",
      (text) => text.replace("twin-oee.label.limit", "twin-oee.label.gone"),
    ],
    [
      /a picture with the colour fill="#333/,
      `${english}.html`,
      (text) => text.replace("<h3>", '<svg><path fill="#333"/></svg><h3>'),
    ],
    [/another data-help-name/, `${english}.html`, (text) => text.replace("twin-oee", "twin-eoo")],
    [/help in en-US: the section Inputs is missing/, `${english}.html`, (text) => text.replace("<h3>Inputs</h3>", "")],
    [/help in zh-CN: the section 详细 is missing/, `${chinese}.html`, (text) => text.replace("<h3>详细</h3>", "")],
    [/none of the house/, `${english}.html`, (text) => text.replace("</script>", "<h3>Remarks</h3></script>")],
    [
      /not in the order/,
      `${english}.html`,
      (text) => text.replace("Inputs", "X").replace("Outputs", "Inputs").replace(">X<", ">Outputs<"),
    ],
    [/not in Chinese/, `${chinese}.html`, (text) => text.replace(/\p{Script=Han}{5,}/gu, "text")],
    [/other sections/, `${english}.html`, (text) => text.replace("</script>", "<h3>References</h3></script>")],
    [/does not begin with a sentence/, `${english}.html`, (text) => text.replace("<p>Lets", "<h3>Details</h3><p>Lets")],
    [/in no example/, "examples/twin-oee.json", () => undefined],
    [/leads to "gone"/, "examples/twin-oee.json", (text) => text.replace('["oee-result"]', '["gone"]')],
  ];
  for (const [expected, part, change] of broken)
    it(`find what breaks ${expected.source}`, () => {
      const before = readFileSync(file(part), "utf8");
      const after = change(before);
      assert.notEqual(after, before, "the change changes nothing");
      if (after === undefined) rmSync(file(part));
      else writeFileSync(file(part), after);
      const found = checkNodeFolder(root, "twin-oee", types);
      assert.ok(
        found.some((line) => expected.test(line)),
        `found only: ${found.join(" | ")}`,
      );
    });

  it("are given by `npm run new` to a new node only", () => {
    const again = () =>
      execFileSync(process.execPath, [path.join(projectRoot, "scripts/new.mjs"), "twin-oee", root], { stdio: "pipe" });
    assert.throws(again, /is there already/);
    assert.ok(existsSync(file("NODE.ts")));
    for (const name of ["oee", "twin-", "twin-Oee", "../twin-x"])
      assert.throws(
        () =>
          execFileSync(process.execPath, [path.join(projectRoot, "scripts/new.mjs"), name, root], { stdio: "pipe" }),
        /Give the new node a name/,
      );
  });
});
