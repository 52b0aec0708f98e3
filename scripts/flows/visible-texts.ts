import type { FlowNode } from "./flow-node";
import { hasWords, replaceTexts, textsOfCode, textsOfTemplate } from "./template-texts";

/** A text of a node that somebody reads. */
export interface VisibleText {
  /** Setting, such as `label` or `options[1].label`; a part of a template is `format`. */
  field: string;
  text: string;
  /** Operators read it on a page or as a tab's label, so that it must be there in every language. */
  shown: boolean;
}

/** Settings of dashboard nodes that a page shows; false for those that are mostly units, which need no translation. */
const shownSettings: Record<string, boolean> = {
  label: true,
  title: true,
  tooltip: true,
  placeholder: true,
  content: true,
  xAxisLabel: true,
  yAxisLabel: true,
  submit: true,
  cancel: true,
  confirmText: true,
  dismissText: true,
  units: false,
  prefix: false,
  suffix: false,
};
/** Lists of dashboard nodes, with the keys of their items that a page shows. */
const shownLists: Record<string, string[]> = {
  options: ["label", "placeholder"],
  dropdownOptions: ["label"],
  columns: ["title"],
  segments: ["text"],
};
/** Dashboard nodes whose name is what the page shows. */
const shownByName = new Set(["ui-base", "ui-page", "ui-group", "ui-link"]);
/** Nodes whose name other nodes use to address them. */
const addressedByName = new Set(["link in", "link out", "link call"]);
/** Settings that hold a template or code, with texts in it. */
const sources: Record<string, Record<string, typeof textsOfCode>> = {
  "ui-template": { format: textsOfTemplate },
  function: { func: textsOfCode, initialize: textsOfCode },
};

/** Everything in a node that a person reads, on the pages or in the editor. */
export function visibleTexts(node: FlowNode): VisibleText[] {
  const texts: VisibleText[] = [];
  eachText(node, (field, text, shown) => {
    texts.push({ field, text, shown });
    return undefined;
  });
  return texts;
}

/** The node with its texts in other words; `translate` gives undefined for what stays. */
export function withTexts(
  node: FlowNode,
  translate: (text: string, field: string, shown: boolean) => string | undefined,
): FlowNode {
  const copy = structuredClone(node);
  eachText(copy, (field, text, shown) => translate(text, field, shown));
  return copy;
}

type Visit = (field: string, text: string, shown: boolean) => string | undefined;

/** Calls `visit` for each text and puts in place what it gives. */
function eachText(node: FlowNode, visit: Visit): void {
  const isPage = node.type.startsWith("ui-");
  const setting = (holder: Record<string, unknown>, key: string, field: string, shown: boolean): void => {
    const text = holder[key];
    if (typeof text !== "string" || !hasWords(text)) return;
    const other = visit(field, text, shown);
    if (other !== undefined) holder[key] = other;
  };

  setting(node, "name", "name", shownByName.has(node.type));
  if (addressedByName.has(node.type)) return;
  setting(node, "info", "info", false);
  if (node.type === "tab") setting(node, "label", "label", true);
  if (node.type === "twin-model") eachItem(node, "properties", ["label"], false);
  if (isPage) {
    for (const [key, shown] of Object.entries(shownSettings)) setting(node, key, key, shown);
    for (const [list, keys] of Object.entries(shownLists)) eachItem(node, list, keys, true);
  }
  for (const [key, textsOf] of Object.entries(sources[node.type] ?? {})) {
    const source = node[key];
    if (typeof source !== "string") continue;
    node[key] = replaceTexts(source, textsOf(source), (text) => (hasWords(text) ? visit(key, text, true) : undefined));
  }

  function eachItem(holder: FlowNode, list: string, keys: string[], shown: boolean): void {
    const items = holder[list];
    if (!Array.isArray(items)) return;
    items.forEach((item: unknown, index) => {
      if (typeof item !== "object" || item === null) return;
      for (const key of keys) setting(item as Record<string, unknown>, key, `${list}[${index}].${key}`, shown);
    });
  }
}
