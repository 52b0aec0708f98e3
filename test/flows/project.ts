import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { canonicalText } from "../../scripts/flows/canonical";
import type { FlowNode } from "../../scripts/flows/flow-node";
import type { HomePlan } from "../../scripts/flows/home";

/** This project's folder; tests run from dist/. */
export const projectRoot = path.resolve(__dirname, "../../..");

/** A small project with two tabs and its pages, in a folder of its own, and an empty home folder. */
export function useProject(): { root: string; home: string; plan(more?: Partial<HomePlan>): HomePlan } {
  const project = { root: "", home: "", plan };
  function plan(more: Partial<HomePlan> = {}): HomePlan {
    return { root: project.root, home: project.home, flows: "", language: "en-US", now: new Date(0), ...more };
  }
  beforeEach(() => {
    project.root = mkdtempSync(path.join(tmpdir(), "meditwin flows "));
    project.home = path.join(project.root, "home");
    for (const [file, nodes] of Object.entries(smallProject())) put(project.root, file, canonicalText(nodes));
    put(project.root, "dashboards/zh-CN.json", JSON.stringify(chinese()));
  });
  afterEach(() => rmSync(project.root, { recursive: true, force: true }));
  return project;
}

export function put(root: string, file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}

export function smallProject(): Record<string, FlowNode[]> {
  return {
    "flows/00-config.json": [{ id: "broker", type: "mqtt-broker", name: "Plant", broker: "127.0.0.1" }],
    "flows/10-machine.json": [
      { id: "machine", type: "tab", label: "Machine", disabled: false, info: "" },
      {
        id: "in-group",
        type: "group",
        z: "machine",
        name: "Readings",
        style: {},
        nodes: ["read", "say"],
        x: 14,
        y: 19,
        w: 400,
        h: 82,
      },
      {
        id: "read",
        type: "mqtt in",
        z: "machine",
        g: "in-group",
        name: "",
        topic: "press/+",
        qos: "1",
        datatype: "json",
        broker: "broker",
        x: 110,
        y: 60,
        wires: [["say"]],
      },
      {
        id: "say",
        type: "function",
        z: "machine",
        g: "in-group",
        name: "say",
        func: "const t = (s) => s;\nmsg.state = t('live and well');\nreturn msg;",
        outputs: 1,
        x: 290,
        y: 60,
        wires: [["out"]],
      },
      {
        id: "out",
        type: "link out",
        z: "machine",
        name: "readings",
        mode: "link",
        links: ["page-in"],
        x: 485,
        y: 60,
        wires: [],
      },
    ],
    "dashboards/00-config.json": [
      { id: "ui", type: "ui-base", name: "MediTwin", path: "/dashboard" },
      { id: "theme", type: "ui-theme", name: "calm", colors: {}, sizes: {} },
      {
        id: "overview",
        type: "ui-page",
        name: "Overview",
        ui: "ui",
        path: "/overview",
        icon: "home",
        layout: "grid",
        theme: "theme",
        order: 1,
      },
      {
        id: "cards",
        type: "ui-group",
        name: "Twins",
        page: "overview",
        width: "6",
        height: "1",
        order: 1,
        showTitle: true,
      },
    ],
    "dashboards/20-overview.json": [
      { id: "overview-tab", type: "tab", label: "Overview", disabled: false, info: "" },
      {
        id: "page-in",
        type: "link in",
        z: "overview-tab",
        name: "to the page",
        links: ["out"],
        x: 95,
        y: 60,
        wires: [["speed", "card"]],
      },
      {
        id: "speed",
        type: "ui-text",
        z: "overview-tab",
        group: "cards",
        name: "",
        label: "Speed",
        order: 1,
        format: "{{msg.payload}}",
        x: 250,
        y: 60,
        wires: [],
      },
      {
        id: "card",
        type: "ui-template",
        z: "overview-tab",
        group: "cards",
        name: "card",
        order: 2,
        format:
          '<template>\n  <p v-if="a > 1" title="Live state">Speed</p>\n  <b>Batch {{ batch }}</b>{{ t(\'Out of limits\') }}\n</template>',
        templateScope: "local",
        x: 250,
        y: 100,
        wires: [[]],
      },
    ],
  };
}

export function chinese(): { texts: Record<string, string>; nodes: Record<string, Record<string, string>> } {
  return {
    texts: {
      Machine: "机器",
      MediTwin: "MediTwin",
      Overview: "总览",
      Twins: "孪生体",
      Speed: "速度",
      "Live state": "实时状态",
      "Batch {{ batch }}": "批次 {{ batch }}",
      "Out of limits": "超出限值",
      "live and well": "运行正常",
    },
    nodes: { speed: { label: "转速" } },
  };
}
