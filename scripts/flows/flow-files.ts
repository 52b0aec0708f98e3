import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { compare } from "./canonical";
import { type FlowNode, isTab, parseFlow } from "./flow-node";

/** One file under flows/ or dashboards/: a tab with everything on it, or configuration nodes. */
export interface FlowFile {
  /** Path from the project folder, with slashes. */
  file: string;
  nodes: FlowNode[];
}

const folders = ["flows", "dashboards"];
/** Texts of a language lie beside the pages: zh-CN.json. */
const isCatalogue = (name: string): boolean => /^[a-z]{2}(-[A-Z]{2})?\.json$/.test(name);
const isDashboard = (node: FlowNode): boolean => node.type.startsWith("ui-");

/** All shipped files, in the order in which their tabs stand in the editor: by file name, whatever the folder. */
export function readFlowFiles(root: string): FlowFile[] {
  return folders
    .filter((folder) => existsSync(path.join(root, folder)))
    .flatMap((folder) =>
      readdirSync(path.join(root, folder))
        .filter((name) => name.endsWith(".json") && !isCatalogue(name))
        .map((name) => `${folder}/${name}`),
    )
    .sort((a, b) => compare(path.posix.basename(a), path.posix.basename(b)) || compare(a, b))
    .map((file) => {
      try {
        return { file, nodes: parseFlow(readFileSync(path.join(root, file), "utf8")) };
      } catch (error) {
        throw new Error(`${file}: ${(error as Error).message}`);
      }
    });
}

/** The files as the one list of nodes that Node-RED runs. */
export const joinFlows = (files: readonly FlowFile[]): FlowNode[] => files.flatMap(({ nodes }) => nodes);

/**
 * The other way: an edited list of nodes as files. What has a file keeps it; a new tab gets one of its own, named after its
 * label; a new configuration node goes to 00-config.json. Files that nothing is left for are not among the result.
 */
export function splitFlows(nodes: readonly FlowNode[], before: readonly FlowFile[]): FlowFile[] {
  const home = new Map(before.flatMap(({ file, nodes }) => nodes.map((node) => [node.id, file] as const)));
  const fileOfTab = new Map<string, string>();
  for (const tab of nodes.filter(isTab)) fileOfTab.set(tab.id, home.get(tab.id) ?? newFile(tab));

  const files = new Map<string, FlowNode[]>();
  for (const node of nodes) {
    const file =
      fileOfTab.get(node.z ?? node.id) ??
      (node.z === undefined || node.z === "" ? home.get(node.id) : undefined) ??
      `${isDashboard(node) ? "dashboards" : "flows"}/00-config.json`;
    // Credentials never go into the project.
    const { credentials: _credentials, ...kept } = node;
    files.set(file, [...(files.get(file) ?? []), kept as FlowNode]);
  }
  return [...files].map(([file, nodes]) => ({ file, nodes }));

  function newFile(tab: FlowNode): string {
    const folder = nodes.some((node) => node.z === tab.id && isDashboard(node)) ? "dashboards" : "flows";
    const words = String(tab.label ?? tab.name ?? tab.id).toLowerCase();
    const slug = words.replace(/[^\p{Letter}\p{Number}]+/gu, "-").replace(/^-+|-+$/g, "") || tab.id;
    const taken = [...home.values(), ...fileOfTab.values()];
    const numbers = taken.map((file) => Number.parseInt(path.posix.basename(file), 10)).filter(Number.isFinite);
    const number = Math.min(99, Math.ceil((Math.max(0, ...numbers) + 1) / 10) * 10);
    let file = `${folder}/${number}-${slug}.json`;
    for (let n = 2; taken.includes(file); n++) file = `${folder}/${number}-${slug}-${n}.json`;
    return file;
  }
}
