import assert from "node:assert/strict";
import fc from "fast-check";
import { canonicalText } from "../../scripts/flows/canonical";
import { joinFlows, splitFlows } from "../../scripts/flows/flow-files";
import { type FlowNode, parseFlow } from "../../scripts/flows/flow-node";
import { smallProject } from "./project";

const filesOf = (project: Record<string, FlowNode[]>) =>
  Object.entries(project).map(([file, nodes]) => ({ file, nodes }));

describe("the canonical form of flows", () => {
  it("puts identity first, place and wires last, settings by name", () => {
    const node = {
      wires: [["b"]],
      y: 2,
      x: 1,
      zeta: 1,
      name: "n",
      alpha: { b: 1, a: 2, name: "x" },
      z: "t",
      type: "change",
      id: "a",
    };
    const [only] = parseFlow(canonicalText([node]));
    assert.deepEqual(Object.keys(only ?? {}), ["id", "type", "z", "name", "alpha", "zeta", "x", "y", "wires"]);
    assert.deepEqual(Object.keys(only?.alpha as object), ["name", "a", "b"]);
  });

  it("puts tabs first, then groups, then nodes by id", () => {
    const nodes = [
      { id: "b", type: "change", z: "t" },
      { id: "a", type: "change", z: "t" },
      { id: "x", type: "group", z: "t" },
      { id: "t", type: "tab" },
    ];
    assert.deepEqual(
      parseFlow(canonicalText(nodes)).map(({ id }) => id),
      ["t", "x", "a", "b"],
    );
  });

  it("is one text, whatever the order of nodes and keys, and changes no value", () => {
    const node = fc.record({
      id: fc.string({ minLength: 1 }),
      type: fc.constantFrom("tab", "group", "change", "ui-text"),
      name: fc.string(),
      setting: fc.jsonValue(),
      x: fc.integer(),
    });
    fc.assert(
      fc.property(fc.uniqueArray(node, { selector: ({ id }) => id }), (nodes) => {
        const shuffled = [...nodes]
          .reverse()
          .map((one) => Object.fromEntries(Object.entries(one).reverse()) as unknown as FlowNode);
        const text = canonicalText(nodes as FlowNode[]);
        assert.equal(canonicalText(shuffled), text);
        assert.equal(canonicalText(parseFlow(text)), text);
        const byId = new Map(parseFlow(text).map((one) => [one.id, one]));
        for (const one of nodes) assert.deepEqual(byId.get(one.id), JSON.parse(JSON.stringify(one)));
      }),
    );
  });
});

describe("flows as files", () => {
  it("join and split are each other's way back", () => {
    const files = filesOf(smallProject());
    assert.deepEqual(
      new Map(splitFlows(joinFlows(files), files).map(({ file, nodes }) => [file, nodes])),
      new Map(files.map(({ file, nodes }) => [file, nodes])),
    );
  });

  it("gives a new tab a file of its own, among the dashboards when widgets are on it", () => {
    const files = filesOf(smallProject());
    const nodes: FlowNode[] = [
      ...joinFlows(files),
      { id: "t1", type: "tab", label: "Oven line 2" },
      { id: "n1", type: "change", z: "t1", x: 1, y: 1, wires: [] },
      { id: "t2", type: "tab", label: "烤箱" },
      { id: "n2", type: "ui-text", z: "t2", x: 1, y: 1, wires: [] },
      { id: "store", type: "twin-store" },
      { id: "page", type: "ui-page" },
    ];
    const where = new Map(splitFlows(nodes, files).flatMap(({ file, nodes }) => nodes.map(({ id }) => [id, file])));
    assert.equal(where.get("n1"), "flows/30-oven-line-2.json");
    assert.equal(where.get("n2"), "dashboards/40-烤箱.json");
    assert.equal(where.get("store"), "flows/00-config.json");
    assert.equal(where.get("page"), "dashboards/00-config.json");
  });

  it("never takes credentials into the project", () => {
    const [file] = splitFlows([{ id: "b", type: "mqtt-broker", credentials: { user: "u", password: "p" } }], []);
    assert.deepEqual(file?.nodes, [{ id: "b", type: "mqtt-broker" }]);
  });

  for (const text of ["{}", "[1]", '[{"id":"a"}]', "nonsense"])
    it(`does not take ${text} for a flow`, () => assert.throws(() => parseFlow(text)));
});
