import { type FlowNode, isTab } from "./flow-node";

const first = ["id", "type", "z", "g", "name"];
const last = ["x", "y", "w", "h", "wires"];

/**
 * The one text of a list of nodes: what it is and where it belongs first, then the settings by name, then where it is drawn
 * and what it is wired to; tabs before groups before nodes, each by id. So a change in the editor is a small diff.
 */
export function canonicalText(nodes: readonly FlowNode[]): string {
  const sorted = [...nodes].sort((a, b) => rank(a) - rank(b) || compare(a.id, b.id));
  return `${JSON.stringify(
    sorted.map((node) => inOrder(node, last)),
    null,
    2,
  )}\n`;
}

const rank = (node: FlowNode): number => (isTab(node) ? 0 : node.type === "group" ? 1 : 2);

/** By code unit: the same on every machine, whatever its language. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function inOrder(value: unknown, atEnd: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((item) => inOrder(item));
  if (typeof value !== "object" || value === null) return value;
  const place = (key: string): number =>
    first.includes(key) ? first.indexOf(key) : first.length + 1 + atEnd.indexOf(key) + (atEnd.includes(key) ? 1 : 0);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => place(a) - place(b) || compare(a, b))
      .map(([key, part]) => [key, inOrder(part)]),
  );
}
