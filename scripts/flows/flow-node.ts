/** A node, tab, group, subflow or configuration node as a flow file stores it. */
export interface FlowNode {
  id: string;
  type: string;
  /** Tab or subflow it lies on. */
  z?: string;
  /** Group it is in. */
  g?: string;
  name?: string;
  [setting: string]: unknown;
}

export const isTab = (node: FlowNode): boolean => node.type === "tab" || node.type === "subflow";

/** True for what is drawn on a tab, as opposed to tabs and configuration nodes. */
export const isDrawn = (node: FlowNode): boolean => typeof node.x === "number" && typeof node.z === "string";

/** Reads the text of a flow file. Throws when it is no list of nodes. */
export function parseFlow(text: string): FlowNode[] {
  const nodes: unknown = JSON.parse(text);
  if (!Array.isArray(nodes)) throw new Error("A flow file is a list of nodes.");
  for (const node of nodes)
    if (typeof node?.id !== "string" || typeof node?.type !== "string")
      throw new Error(`Every node has an id and a type: ${JSON.stringify(node)?.slice(0, 80)}`);
  return nodes as FlowNode[];
}
