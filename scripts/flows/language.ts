import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { FlowNode } from "./flow-node";
import { tidy } from "./template-texts";
import { visibleTexts, withTexts } from "./visible-texts";

/** The language that flows and dashboards are written in. */
export const sourceLanguage = "en-US";

/** Texts of another language: dashboards/<language>.json. */
export interface Catalogue {
  /** English text to the text of this language, wherever it stands. */
  texts: Record<string, string>;
  /** By id of a node and field, where one English text needs two translations, or a text is too long for a key. */
  nodes: Record<string, Record<string, string>>;
}

export const catalogueFile = (language: string): string => `dashboards/${language}.json`;

/** The catalogue of that language; undefined for English and for languages without one. */
export function readCatalogue(root: string, language: string): Catalogue | undefined {
  const file = path.join(root, catalogueFile(language));
  if (language === sourceLanguage || !existsSync(file)) return undefined;
  const { texts = {}, nodes = {} } = JSON.parse(readFileSync(file, "utf8")) as Partial<Catalogue>;
  return { texts, nodes };
}

/** Text of a field in the language of the catalogue; undefined when it has none. */
export function lookUp(catalogue: Catalogue, id: string, field: string, text: string): string | undefined {
  const own = Object.hasOwn(catalogue.nodes, id) ? catalogue.nodes[id] : undefined;
  if (own && Object.hasOwn(own, field)) return own[field];
  const key = tidy(text);
  return Object.hasOwn(catalogue.texts, key) ? catalogue.texts[key] : undefined;
}

/** A shipped node in the language of the catalogue (undefined: as it is written). */
export function inLanguage(node: FlowNode, catalogue: Catalogue | undefined): FlowNode {
  if (!catalogue) return node;
  return withTexts(node, (text, field) => lookUp(catalogue, node.id, field, text));
}

/**
 * A home's nodes brought from one language to another. Only what is exactly as shipped, in the language it stands in, is
 * changed; what an engineer has reworded, and every node that is not shipped, stays.
 */
export function changeLanguage(
  nodes: readonly FlowNode[],
  shipped: readonly FlowNode[],
  from: Catalogue | undefined,
  to: Catalogue | undefined,
): { nodes: FlowNode[]; changed: number } {
  const original = new Map(shipped.map((node) => [node.id, node]));
  let changed = 0;
  const result = nodes.map((node) => {
    const source = original.get(node.id);
    if (source?.type !== node.type) return node;
    const copy = structuredClone(node);
    const before = inLanguage(source, from);
    const after = inLanguage(source, to);
    for (const field of fieldsThatDiffer(before, after)) {
      const now = at(copy, field);
      if (now.value !== at(before, field).value) continue;
      now.set(at(after, field).value);
      changed++;
    }
    return copy;
  });
  return { nodes: result, changed };
}

function fieldsThatDiffer(before: FlowNode, after: FlowNode): string[] {
  const fields = new Set([...visibleTexts(before), ...visibleTexts(after)].map(({ field }) => field));
  return [...fields].filter((field) => at(before, field).value !== at(after, field).value);
}

/** The value at a field such as `label` or `options[1].label`. */
function at(node: FlowNode, field: string): { value: unknown; set(value: unknown): void } {
  const keys = field.split(/[.[\]]+/).filter(Boolean);
  const last = keys.pop() as string;
  let holder: unknown = node;
  for (const key of keys) holder = (holder as Record<string, unknown> | undefined)?.[key];
  if (typeof holder !== "object" || holder === null) return { value: undefined, set: () => undefined };
  const found = holder as Record<string, unknown>;
  return {
    value: found[last],
    set(value) {
      found[last] = value;
    },
  };
}
