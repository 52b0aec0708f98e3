import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { canonicalText } from "./canonical";
import { type FlowFile, readFlowFiles } from "./flow-files";
import { type FlowNode, isDrawn, isTab } from "./flow-node";
import { type Catalogue, catalogueFile, lookUp, readCatalogue } from "./language";
import { type NodeType, readNodeTypes } from "./node-types";
import { visibleTexts } from "./visible-texts";

/** What is wrong with a flow, where, in words that say how to mend it. */
export interface Problem {
  file: string;
  node?: string;
  message: string;
}

/** Fields that every node may have, besides its settings. */
const always = ["id", "type", "z", "g", "name", "x", "y", "wires", "d", "l", "info", "icon", "env"];
const alsoDrawn = ["inputLabels", "outputLabels", "outputs", "inputs", "_mcu"];
/** Types that no html registers. */
const builtIn: Record<string, string[]> = {
  tab: ["label", "disabled", "locked"],
  subflow: ["category", "color", "in", "out", "status", "meta", "inputLabels", "outputLabels"],
  group: ["style", "nodes", "w", "h"],
  "global-config": ["modules"],
};
const languages = ["zh-CN"];

/** Everything that is wrong with the shipped flows and dashboards of a project. */
export function checkProject(root: string): Problem[] {
  const files = readFlowFiles(root);
  const texts = new Map(files.map(({ file }) => [file, readFileSync(path.join(root, file), "utf8")]));
  return [
    ...checkFlows(files, readNodeTypes(root)),
    ...files.flatMap(({ file, nodes }) =>
      canonicalText(nodes) === texts.get(file)
        ? []
        : [{ file, message: "is not in canonical form: run `npm run flows:format`." }],
    ),
    ...languages.flatMap((language) => checkTexts(root, files, language)),
  ];
}

/**
 * What is wrong with the nodes themselves and how they hang together.
 *
 * @param options.anywhere an example: one file with tabs and configuration nodes as the editor exports them
 * @default anywhere false
 */
export function checkFlows(
  files: readonly FlowFile[],
  types: ReadonlyMap<string, NodeType>,
  { anywhere = false } = {},
): Problem[] {
  const problems: Problem[] = [];
  const all = files.flatMap(({ nodes }) => nodes);
  const byId = new Map(all.map((node) => [node.id, node]));

  const seen = new Map<string, string>();
  for (const { file, nodes } of files)
    for (const { id } of nodes) {
      if (seen.has(id)) problems.push({ file, node: id, message: `has the id of a node in ${seen.get(id)}.` });
      seen.set(id, file);
    }

  for (const { file, nodes } of files) {
    const tabs = nodes.filter(isTab);
    if (tabs.length > 1 && !anywhere) problems.push({ file, message: `holds ${tabs.length} tabs: one file a tab.` });
    for (const node of nodes) {
      const say = (message: string): void => void problems.push({ file, node: node.id, message });
      checkPlace(node, tabs, say);
      checkType(node, say);
      checkReferences(node, say);
      checkSecrets(node, say);
    }
  }
  return problems;

  function checkPlace(node: FlowNode, tabs: readonly FlowNode[], say: (message: string) => void): void {
    if (isTab(node)) return;
    const tab = tabs[0];
    if (node.z && !tabs.some(({ id }) => id === node.z)) say(`lies on the tab ${node.z}, which is not in this file.`);
    if (!node.z && tab && !isDrawn(node) && !anywhere)
      say("is a configuration node without a tab: it belongs in 00-config.json.");
    if (!node.z && (node.x !== undefined || Array.isArray(node.wires))) say("is drawn, but on no tab (z).");
    if (isDrawn(node) && ((node.x as number) < 0 || !((node.y as number) >= 0))) say("is drawn outside of its tab.");
  }

  function checkType(node: FlowNode, say: (message: string) => void): void {
    const own = builtIn[node.type];
    const type = types.get(node.type);
    if (own) checkSettings(node, own, say);
    else if (type) checkRegistered(node, type, say);
    else if (!node.type.startsWith("subflow:"))
      say(`is of type ${node.type}, which is not of Node-RED, the dashboard or this package.`);
    else if (byId.get(node.type.slice("subflow:".length))?.type !== "subflow")
      say("is of a subflow that is not there.");
  }

  function checkRegistered(node: FlowNode, type: NodeType, say: (message: string) => void): void {
    checkSettings(node, [...Object.keys(type.defaults), ...alsoDrawn], say);
    for (const [setting, { type: refersTo, required, validate }] of Object.entries(type.defaults)) {
      // An array stands for a list of references (scope, links), checked with the others.
      if (!refersTo || refersTo.endsWith("[]")) continue;
      const value = node[setting];
      if (value === undefined || value === null || value === "" || value === "_ADD_") {
        // As the editor sees it: a reference is required unless the node says otherwise or judges for itself.
        if (required !== false && !validate) say(`needs a ${refersTo} in ${setting}.`);
      } else if (typeof value !== "string" || byId.get(value)?.type !== refersTo)
        say(`${setting} refers to ${JSON.stringify(value)}, which is no ${refersTo} of these flows.`);
    }
    if (type.outputs !== undefined && node.outputs === undefined && Array.isArray(node.wires))
      if (node.wires.length > type.outputs) say(`is wired from output ${node.wires.length}, but has ${type.outputs}.`);
  }

  function checkSettings(node: FlowNode, known: readonly string[], say: (message: string) => void): void {
    const strange = Object.keys(node).filter((key) => !always.includes(key) && !known.includes(key));
    if (strange.length > 0) say(`has settings that ${node.type} does not know: ${strange.join(", ")}.`);
  }

  function checkReferences(node: FlowNode, say: (message: string) => void): void {
    const drawn = (id: unknown, what: string): void => {
      const found = typeof id === "string" ? byId.get(id) : undefined;
      if (!found) say(`${what} leads to ${JSON.stringify(id)}, which is not there.`);
      else if (what === "a wire" && found.z !== node.z) say(`a wire leads to ${id} on another tab: use link nodes.`);
    };
    if (node.wires !== undefined) {
      if (!Array.isArray(node.wires) || !node.wires.every(Array.isArray)) say("wires is not a list of lists.");
      else for (const id of node.wires.flat()) drawn(id, "a wire");
    }
    for (const setting of ["links", "scope"])
      if (Array.isArray(node[setting])) for (const id of node[setting]) drawn(id, setting);
    if (node.type === "link in" || node.type === "link out")
      for (const id of Array.isArray(node.links) ? node.links : []) {
        const other = byId.get(id);
        if (other && Array.isArray(other.links) && other.type !== "link call" && !other.links.includes(node.id))
          say(`is linked to ${id}, but not the other way round.`);
      }
    if (node.g) {
      const group = byId.get(node.g);
      if (group?.type !== "group") say(`is in the group ${node.g}, which is not there.`);
      else if (!(Array.isArray(group.nodes) && group.nodes.includes(node.id)))
        say(`is not listed by its group ${node.g}.`);
    }
    if (node.type === "group")
      for (const id of Array.isArray(node.nodes) ? node.nodes : []) {
        const member = byId.get(id);
        if (!member) say(`lists ${JSON.stringify(id)}, which is not there.`);
        else if (member.g !== node.id) say(`lists ${id}, which does not say that it is in this group (g).`);
      }
  }
}

const secretName = /(password|passwd|secret|token|api.?key|credential)/i;
const secretText =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\b[a-z]+:\/\/[^\s/:@]+:[^\s/@]+@|\bBearer\s+[A-Za-z0-9._-]{16,}/;
const machinePath = /(?:^|[\s"'`(=])(?:\/(?:home|root|Users|tmp|var|opt|etc|usr|work|mnt|srv|data)\/|[A-Za-z]:\\)/;

/** Secrets and paths of one machine, at any depth of a node's settings. */
function checkSecrets(node: FlowNode, say: (message: string) => void): void {
  if (node.credentials !== undefined) say("has credentials in it: they stay in the home folder.");
  const visit = (value: unknown, field: string): void => {
    if (typeof value === "object" && value !== null) {
      for (const [key, part] of Object.entries(value)) visit(part, field ? `${field}.${key}` : key);
      return;
    }
    if (typeof value !== "string" || value === "") return;
    const name = field.slice(field.lastIndexOf(".") + 1);
    // Names of types and options about secrets ("usePassword": "yes") are no secrets; long words without blanks may be.
    if (secretName.test(name) && value.length >= 8 && !/^\$\{\w+\}$/.test(value) && !/\s/.test(value))
      say(`${field} looks like a secret: use \${NAME} of the environment.`);
    else if (secretText.test(value)) say(`${field} has a secret in it.`);
    if (machinePath.test(value)) say(`${field} has a path of one machine in it.`);
  };
  visit(node, "");
}

/** That whatever operators read is there in that language, and that the catalogue has nothing left over. */
export function checkTexts(root: string, files: readonly FlowFile[], language: string): Problem[] {
  const file = catalogueFile(language);
  let catalogue: Catalogue | undefined;
  try {
    catalogue = readCatalogue(root, language);
  } catch (error) {
    return [{ file, message: `is not readable: ${(error as Error).message}` }];
  }
  const missing = new Map<string, Problem>();
  const used = new Set<string>();
  const nodes = new Map<string, FlowNode>();
  for (const { file: where, nodes: part } of files)
    for (const node of part) {
      nodes.set(node.id, node);
      for (const { field, text, shown } of visibleTexts(node)) {
        used.add(text.trim().replace(/\s+/g, " "));
        if (!shown || (catalogue && lookUp(catalogue, node.id, field, text) !== undefined)) continue;
        if (!missing.has(text))
          missing.set(text, {
            file: where,
            node: node.id,
            message: `${field} has no ${language} text: ${JSON.stringify(text)}`,
          });
      }
    }
  const problems = [...missing.values()];
  if (!catalogue) return problems;
  for (const key of Object.keys(catalogue.texts))
    if (!used.has(key)) problems.push({ file, message: `no node has the text ${JSON.stringify(key)} any more.` });
  for (const [id, fields] of Object.entries(catalogue.nodes)) {
    const node = nodes.get(id);
    if (!node) problems.push({ file, message: `there is no node ${id} any more.` });
    else
      for (const field of Object.keys(fields))
        if (!visibleTexts(node).some((text) => text.field === field))
          problems.push({ file, node: id, message: `has no text in ${field} any more.` });
  }
  return problems;
}

/** As one line for a terminal. */
export const problemLine = ({ file, node, message }: Problem): string => `${file}${node ? ` ${node}` : ""}: ${message}`;

/** Writes what `checkProject` would ask for: the canonical form. Gives the files that changed. */
export function formatProject(root: string, write: (file: string, text: string) => void): string[] {
  return readFlowFiles(root)
    .filter(({ file, nodes }) => {
      const target = path.join(root, file);
      const text = canonicalText(nodes);
      if (existsSync(target) && readFileSync(target, "utf8") === text) return false;
      write(target, text);
      return true;
    })
    .map(({ file }) => file);
}
