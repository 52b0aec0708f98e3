import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { checkTexts } from "../../scripts/flows/check";
import { readFlowFiles } from "../../scripts/flows/flow-files";
import { type FlowNode, parseFlow } from "../../scripts/flows/flow-node";
import { prepareHome, resetHome, saveHome } from "../../scripts/flows/home";
import { put, smallProject, useProject } from "./project";

const nodesOf = (file: string): Map<string, FlowNode> =>
  new Map(parseFlow(readFileSync(file, "utf8")).map((node) => [node.id, node]));

/** As an engineer in the editor does it: another text of the whole file, with one node changed. */
function edit(file: string, id: string, change: Partial<FlowNode>): void {
  const nodes = parseFlow(readFileSync(file, "utf8"));
  Object.assign(nodes.find((node) => node.id === id) as FlowNode, change);
  writeFileSync(file, JSON.stringify(nodes));
}

describe("the flows of a home folder", () => {
  const project = useProject();
  const backups = (): string[] => {
    const folder = path.join(project.home, "backups");
    return existsSync(folder) ? readdirSync(folder) : [];
  };

  it("are joined from the shipped ones when there are none, tabs in the order of their files", () => {
    const { file } = prepareHome(project.plan());
    assert.equal(file, path.join(project.home, "flows.json"));
    const nodes = parseFlow(readFileSync(file, "utf8"));
    assert.deepEqual(
      nodes.filter(({ type }) => type === "tab").map(({ id }) => id),
      ["machine", "overview-tab"],
    );
    assert.equal(nodes.length, Object.values(smallProject()).flat().length);
  });

  it("are never overwritten by a start, whatever has changed", () => {
    const { file } = prepareHome(project.plan());
    edit(file, "say", { name: "mine" });
    const mine = readFileSync(file, "utf8");
    put(project.root, "flows/10-machine.json", '[{ "id": "machine", "type": "tab", "label": "New" }]');
    const { notes } = prepareHome(project.plan());
    assert.equal(readFileSync(file, "utf8"), mine);
    assert.match(notes.join(), /flows:reset/);
  });

  it("are not touched when the home folder had its own before", () => {
    mkdirSync(project.home);
    writeFileSync(path.join(project.home, "flows.json"), "[]");
    assert.deepEqual(prepareHome(project.plan()).notes, []);
    assert.equal(readFileSync(path.join(project.home, "flows.json"), "utf8"), "[]");
  });

  it("are not thrown away by a reset when nothing is shipped", () => {
    const { file } = prepareHome(project.plan());
    const before = readFileSync(file, "utf8");
    assert.throws(() => resetHome(project.plan({ root: path.join(project.root, "nothing") })), /no shipped flows/);
    assert.equal(readFileSync(file, "utf8"), before);
  });

  it("need no shipped flows", () => {
    const empty = project.plan({ root: path.join(project.root, "nothing") });
    assert.equal(existsSync(prepareHome(empty).file), false);
  });

  it("are replaced by a reset, which keeps a backup of each", () => {
    const { file } = prepareHome(project.plan());
    const shipped = readFileSync(file, "utf8");
    for (const name of ["one", "two"]) {
      edit(file, "say", { name });
      resetHome(project.plan());
      assert.equal(readFileSync(file, "utf8"), shipped);
    }
    const kept = backups().map((name) => nodesOf(path.join(project.home, "backups", name)).get("say")?.name);
    assert.deepEqual(kept.sort(), ["one", "two"]);
  });

  it("are saved back as canonical files, and a start sees no difference after that", () => {
    const { file } = prepareHome(project.plan());
    const before = readFlowFiles(project.root);
    assert.deepEqual(saveHome(project.plan()).notes, ["Nothing has changed."]);
    edit(file, "say", { func: "return msg;" });
    const { notes } = saveHome(project.plan());
    assert.deepEqual(notes, ["Saved: flows/10-machine.json"]);
    const after = readFlowFiles(project.root);
    assert.equal(after.flatMap(({ nodes }) => nodes).find(({ id }) => id === "say")?.func, "return msg;");
    assert.deepEqual(
      after.map(({ file }) => file),
      before.map(({ file }) => file),
    );
    assert.deepEqual(prepareHome(project.plan()).notes, []);
  });

  it("say on saving when nothing is left of a file", () => {
    const { file } = prepareHome(project.plan());
    const rest = parseFlow(readFileSync(file, "utf8")).filter(({ id, z }) => id !== "machine" && z !== "machine");
    writeFileSync(file, JSON.stringify(rest));
    assert.match(saveHome(project.plan()).notes.join(), /Nothing is left of flows\/10-machine\.json/);
  });

  describe("in Chinese", () => {
    it("are joined in Chinese, templates and code included", () => {
      const nodes = nodesOf(prepareHome(project.plan({ language: "zh-CN" })).file);
      assert.equal(nodes.get("overview")?.name, "总览");
      assert.equal(nodes.get("machine")?.label, "机器");
      assert.equal(nodes.get("speed")?.label, "转速");
      assert.match(
        String(nodes.get("card")?.format),
        /title="实时状态">速度<\/p>[\s\S]*批次 \{\{ batch \}\}<\/b>\{\{ t\('超出限值'\) \}\}/,
      );
      assert.match(String(nodes.get("say")?.func), /t\('运行正常'\)/);
      assert.equal(nodes.get("read")?.topic, "press/+");
    });

    it("change language there and back, with a backup, and end as they began", () => {
      const { file } = prepareHome(project.plan());
      const english = nodesOf(file);
      const { notes } = prepareHome(project.plan({ language: "zh-CN" }));
      assert.match(notes.join(), /texts of the flows were put into zh-CN/);
      assert.equal(nodesOf(file).get("overview")?.name, "总览");
      assert.equal(backups().length, 1);
      prepareHome(project.plan({ language: "zh-CN" }));
      assert.equal(backups().length, 1);
      prepareHome(project.plan());
      assert.deepEqual(nodesOf(file), english);
    });

    it("keep what an engineer has reworded, and every node of theirs", () => {
      const { file } = prepareHome(project.plan());
      edit(file, "speed", { label: "Turret speed" });
      edit(file, "card", { format: "<p>Speed</p>" });
      writeFileSync(
        file,
        JSON.stringify([...nodesOf(file).values(), { id: "mine", type: "ui-text", label: "Speed", z: "overview-tab" }]),
      );
      prepareHome(project.plan({ language: "zh-CN" }));
      const nodes = nodesOf(file);
      assert.equal(nodes.get("speed")?.label, "Turret speed");
      assert.equal(nodes.get("card")?.format, "<p>Speed</p>");
      assert.equal(nodes.get("mine")?.label, "Speed");
      assert.equal(nodes.get("overview")?.name, "总览");
    });

    it("are saved back in English", () => {
      const { file } = prepareHome(project.plan({ language: "zh-CN" }));
      edit(file, "say", { x: 310 });
      assert.deepEqual(saveHome(project.plan({ language: "zh-CN" })).notes, ["Saved: flows/10-machine.json"]);
      const files = readFlowFiles(project.root);
      assert.deepEqual(checkTexts(project.root, files, "zh-CN"), []);
      const say = files.flatMap(({ nodes }) => nodes).find(({ id }) => id === "say");
      assert.equal(say?.x, 310);
      assert.match(String(say?.func), /t\('live and well'\)/);
    });
  });

  describe("of TWIN_FLOWS", () => {
    const own = (): string => path.join(project.root, "own/my flow.json");
    const plan = () => project.plan({ flows: own() });
    beforeEach(() => put(project.root, "own/my flow.json", '[{ "id": "a", "type": "tab", "label": "First" }]'));

    it("run from a copy in the home folder; credentials beside the file come along", () => {
      put(project.root, "own/my flow_cred.json", '{ "$": "abc" }');
      const { file } = prepareHome(plan());
      assert.equal(path.dirname(file), project.home);
      assert.equal(nodesOf(file).get("a")?.label, "First");
      assert.equal(readFileSync(file.replace(/\.json$/, "_cred.json"), "utf8"), '{ "$": "abc" }');
    });

    it("follow the file while the copy is not edited", () => {
      prepareHome(plan());
      put(project.root, "own/my flow.json", '[{ "id": "a", "type": "tab", "label": "Second" }]');
      assert.equal(nodesOf(prepareHome(plan()).file).get("a")?.label, "Second");
    });

    it("keep an edited copy, say so when the file has changed too, and take it on reset", () => {
      const { file } = prepareHome(plan());
      edit(file, "a", { label: "Edited" });
      assert.equal(nodesOf(prepareHome(plan()).file).get("a")?.label, "Edited");
      put(project.root, "own/my flow.json", '[{ "id": "a", "type": "tab", "label": "Second" }]');
      const { notes } = prepareHome(plan());
      assert.equal(nodesOf(file).get("a")?.label, "Edited");
      assert.match(notes.join(), /the copy stays/);
      resetHome(plan());
      assert.equal(nodesOf(file).get("a")?.label, "Second");
      assert.equal(backups().length, 1);
    });

    it("are saved into the file they came from", () => {
      const { file } = prepareHome(plan());
      edit(file, "a", { label: "Edited" });
      saveHome(plan());
      assert.equal(nodesOf(own()).get("a")?.label, "Edited");
      assert.equal(nodesOf(prepareHome(plan()).file).get("a")?.label, "Edited");
    });

    it("leave the shipped flows of the home folder alone, and two files of one name apart", () => {
      const shipped = prepareHome(project.plan()).file;
      const first = prepareHome(plan()).file;
      put(project.root, "other/my flow.json", "[]");
      const second = prepareHome(project.plan({ flows: path.join(project.root, "other/my flow.json") })).file;
      assert.equal(new Set([shipped, first, second]).size, 3);
    });

    it("that are none are refused with the name of the file", () => {
      put(project.root, "own/my flow.json", '{"no":"list"}');
      assert.throws(() => prepareHome(plan()), /TWIN_FLOWS: .*my flow\.json is not a flow file/);
    });
  });
});
