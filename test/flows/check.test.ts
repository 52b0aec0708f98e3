import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { checkFlows, checkProject, checkTexts, formatProject, problemLine } from "../../scripts/flows/check";
import { readFlowFiles } from "../../scripts/flows/flow-files";
import type { FlowNode } from "../../scripts/flows/flow-node";
import { type NodeType, readNodeTypes } from "../../scripts/flows/node-types";
import { chinese, projectRoot, put, smallProject, useProject } from "./project";

let types: Map<string, NodeType>;
before(() => {
  types = readNodeTypes(projectRoot);
});

/** The small project after a change, checked. */
function problemsAfter(change: (nodes: Record<string, FlowNode>, files: Record<string, FlowNode[]>) => void): string[] {
  const files = smallProject();
  change(Object.fromEntries(Object.values(files).flatMap((nodes) => nodes.map((node) => [node.id, node]))), files);
  return checkFlows(
    Object.entries(files).map(([file, nodes]) => ({ file, nodes })),
    types,
  ).map(problemLine);
}

describe("the flow lint", () => {
  it("knows the types of Node-RED, the dashboard and this package, with their settings", () => {
    assert.equal(types.get("mqtt in")?.from, "core");
    assert.equal(types.get("mqtt in")?.defaults.broker?.type, "mqtt-broker");
    assert.equal(types.get("ui-chart")?.from, "dashboard");
    assert.equal(types.get("twin-state")?.from, "ours");
    assert.ok(types.size > 75, `${types.size}`);
  });

  it("finds nothing in flows that are in order", () =>
    assert.deepEqual(
      problemsAfter(() => undefined),
      [],
    ));

  const cases: [string, RegExp, Parameters<typeof problemsAfter>[0]][] = [
    [
      "two nodes of one id",
      /has the id of a node in flows\/10-machine/,
      (_, files) =>
        files["dashboards/20-overview.json"]?.push({
          id: "read",
          type: "comment",
          z: "overview-tab",
          x: 1,
          y: 1,
          wires: [],
        }),
    ],
    ["a wire to nowhere", /a wire leads to "gone"/, ({ say }) => Object.assign(say!, { wires: [["gone"]] })],
    ["a wire to another tab", /on another tab/, ({ say }) => Object.assign(say!, { wires: [["speed"]] })],
    ["wires that are no lists", /not a list of lists/, ({ say }) => Object.assign(say!, { wires: ["out"] })],
    [
      "a wire from an output that is not there",
      /wired from output 2, but has 1/,
      ({ read }) => Object.assign(read!, { wires: [["say"], ["say"]] }),
    ],
    ["a link to nowhere", /links leads to "gone"/, ({ out }) => Object.assign(out!, { links: ["gone"] })],
    [
      "a link that goes one way only",
      /not the other way round/,
      (nodes) => Object.assign(nodes["page-in"]!, { links: [] }),
    ],
    [
      "a missing configuration node",
      /broker refers to "none", which is no mqtt-broker/,
      ({ read }) => Object.assign(read!, { broker: "none" }),
    ],
    [
      "a configuration node of another type",
      /which is no ui-group/,
      ({ speed }) => Object.assign(speed!, { group: "overview" }),
    ],
    [
      "no configuration node where one is needed",
      /needs a mqtt-broker in broker/,
      ({ read }) => Object.assign(read!, { broker: "" }),
    ],
    ["a group that is not there", /is in the group gone/, ({ say }) => Object.assign(say!, { g: "gone" })],
    [
      "a group that does not list its node",
      /is not listed by its group/,
      (nodes) => Object.assign(nodes["in-group"]!, { nodes: ["read"] }),
    ],
    [
      "a group that lists a stranger",
      /does not say that it is in this group/,
      (nodes) => Object.assign(nodes["in-group"]!, { nodes: ["read", "say", "out"] }),
    ],
    ["a type that nobody has", /is of type twin-teleport/, ({ say }) => Object.assign(say!, { type: "twin-teleport" })],
    [
      "a subflow that is not there",
      /of a subflow that is not there/,
      ({ say }) => Object.assign(say!, { type: "subflow:gone" }),
    ],
    [
      "a setting that the type does not know",
      /settings that function does not know: fnuc/,
      ({ say }) => Object.assign(say!, { fnuc: "" }),
    ],
    [
      "a setting that a tab does not know",
      /settings that tab does not know: colour/,
      ({ machine }) => Object.assign(machine!, { colour: 1 }),
    ],
    [
      "a node on a tab of another file",
      /which is not in this file/,
      ({ say }) => Object.assign(say!, { z: "overview-tab" }),
    ],
    ["a node on no tab", /is drawn, but on no tab/, ({ say }) => Object.assign(say!, { z: undefined })],
    ["a node outside of its tab", /outside of its tab/, ({ say }) => Object.assign(say!, { x: -5 })],
    [
      "two tabs in one file",
      /holds 2 tabs/,
      (_, files) => files["flows/10-machine.json"]?.push({ id: "more", type: "tab", label: "x" }),
    ],
    [
      "a configuration node in a tab's file",
      /belongs in 00-config.json/,
      (_, files) => files["flows/10-machine.json"]?.push({ id: "b2", type: "mqtt-broker" }),
    ],
    ["credentials", /has credentials in it/, ({ broker }) => Object.assign(broker!, { credentials: { user: "u" } })],
    [
      "a password in an address",
      /broker has a secret in it/,
      ({ broker }) => Object.assign(broker!, { broker: "mqtt://op:hunter2@plant:1883" }),
    ],
    [
      "a token in a header",
      /looks like a secret|has a secret/,
      ({ say }) => Object.assign(say!, { func: "msg.headers = { a: 'Bearer abcdefghijklmnopqrst' }" }),
    ],
    [
      "a long word under the name of a secret",
      /rules.0.apiKey looks like a secret/,
      ({ say }) =>
        Object.assign(say!, {
          type: "change",
          rules: [{ apiKey: "k3yk3yk3yk3y" }],
          func: undefined,
          outputs: undefined,
        }),
    ],
    [
      "a private key",
      /has a secret in it/,
      ({ say }) => Object.assign(say!, { func: "-----BEGIN RSA PRIVATE KEY-----" }),
    ],
    [
      "a path of one machine",
      /path of one machine/,
      ({ say }) => Object.assign(say!, { func: 'read("/home/anna/press.csv")' }),
    ],
    [
      "a path of one Windows machine",
      /path of one machine/,
      ({ say }) => Object.assign(say!, { func: 'read("C:\\\\data")' }),
    ],
  ];
  for (const [name, expected, change] of cases)
    it(`finds ${name}`, () => {
      const found = problemsAfter(change);
      assert.ok(
        found.some((line) => expected.test(line)),
        `${expected} is not among: ${found.join(" | ") || "nothing"}`,
      );
    });

  it("takes paths of addresses, variables and switches about passwords for what they are", () => {
    const found = problemsAfter(({ say }) =>
      Object.assign(say!, {
        func: "GET /dashboard/overview usePassword: true",
        info: "See /api/v1/data.",
      }),
    );
    assert.deepEqual(found, []);
  });

  it("lets a node of this package leave out what has a default", () => {
    const found = problemsAfter((_, files) =>
      files["flows/10-machine.json"]?.push({
        id: "state",
        type: "twin-state",
        z: "machine",
        x: 9,
        y: 9,
        wires: [[], []],
      }),
    );
    assert.deepEqual(found, []);
  });
});

describe("the flow lint, on a project", () => {
  const project = useProject();

  it("asks for the canonical form, and formats to it", () => {
    const file = path.join(project.root, "flows/10-machine.json");
    const good = readFileSync(file, "utf8");
    put(project.root, "flows/10-machine.json", JSON.stringify(JSON.parse(good)));
    // Types come from node_modules, so the project is checked from here: only what is about its files.
    const changed = formatProject(project.root, (name, text) => put("/", name, text));
    assert.deepEqual(changed, ["flows/10-machine.json"]);
    assert.equal(readFileSync(file, "utf8"), good);
  });

  it("asks for the Chinese text of everything that operators read, and of nothing else", () => {
    const files = readFlowFiles(project.root);
    assert.deepEqual(checkTexts(project.root, files, "zh-CN"), []);
    put(project.root, "dashboards/zh-CN.json", JSON.stringify({ texts: {}, nodes: {} }));
    const missing = checkTexts(project.root, files, "zh-CN").map(({ message }) => /"(.*)"/.exec(message)?.[1]);
    assert.deepEqual(missing.sort(), Object.keys(chinese().texts).sort());
  });

  it("finds texts that are left over in the catalogue", () => {
    const { texts, nodes } = chinese();
    put(
      project.root,
      "dashboards/zh-CN.json",
      JSON.stringify({
        texts: { ...texts, Gone: "没了" },
        nodes: { ...nodes, gone: { label: "x" }, card: { label: "x" } },
      }),
    );
    const found = checkTexts(project.root, readFlowFiles(project.root), "zh-CN").map(problemLine);
    assert.deepEqual(found, [
      'dashboards/zh-CN.json: no node has the text "Gone" any more.',
      "dashboards/zh-CN.json: there is no node gone any more.",
      "dashboards/zh-CN.json card: has no text in label any more.",
    ]);
  });

  it("says which file cannot be read", () => {
    put(project.root, "flows/30-torn.json", '[{"id":');
    assert.throws(() => readFlowFiles(project.root), /^Error: flows\/30-torn\.json: /);
  });
});

describe("the shipped flows", () => {
  it("are in order", () => assert.deepEqual(checkProject(projectRoot).map(problemLine), []));
});
