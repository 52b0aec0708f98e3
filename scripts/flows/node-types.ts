import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";

/** What a node's html says of it. */
export interface NodeType {
  type: string;
  category?: string;
  /** Settings: `type` is the type of configuration node that the setting refers to. */
  defaults: Record<string, { value?: unknown; type?: string; required?: boolean; validate?: unknown }>;
  outputs?: number;
  from: "core" | "dashboard" | "ours";
}

/**
 * Reads the node types of Node-RED, the dashboard and this package from their html, by running what registers them against
 * a stand-in for the editor: the same text the editor runs, so nothing is guessed.
 */
export function readNodeTypes(root: string): Map<string, NodeType> {
  const types = new Map<string, NodeType>();
  const collect = (file: string, from: NodeType["from"]): void => {
    for (const found of registeredIn(readFileSync(file, "utf8"), file)) types.set(found.type, { ...found, from });
  };
  for (const file of htmlFiles(path.join(root, "node_modules/@node-red/nodes/core"))) collect(file, "core");
  const dashboard = path.join(root, "node_modules/@flowfuse/node-red-dashboard");
  const manifest = JSON.parse(readFileSync(path.join(dashboard, "package.json"), "utf8"));
  for (const file of Object.values<string>(manifest["node-red"].nodes))
    collect(path.join(dashboard, file.replace(/\.js$/, ".html")), "dashboard");
  for (const file of htmlFiles(path.join(root, "nodes"))) collect(file, "ours");
  return types;
}

function htmlFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".html") && !name.split(path.sep).includes("locales"))
    .map((name) => path.join(folder, name));
}

/** The `RED.nodes.registerType` calls in an html file. */
export function registeredIn(html: string, file: string): Omit<NodeType, "from">[] {
  const found: Omit<NodeType, "from">[] = [];
  const registerType = (type: string, definition: Record<string, unknown>): void => {
    found.push({
      type,
      category: typeof definition.category === "string" ? definition.category : undefined,
      defaults: (definition.defaults ?? {}) as NodeType["defaults"],
      outputs: typeof definition.outputs === "number" ? definition.outputs : undefined,
    });
  };
  const anything = standIn({});
  const sandbox = standIn({
    RED: standIn({ nodes: standIn({ registerType }) }),
    ...Object.fromEntries(["$", "jQuery", "window", "document"].map((name) => [name, anything])),
    // What forms call while they are defined, with the real thing.
    ...{ console, JSON, Object, Array, String, Number, Boolean, Math, RegExp, Date, parseInt, parseFloat, isNaN },
  });
  for (const [, attributes = "", code = ""] of html.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)) {
    // Templates and help are scripts of another type.
    if (/type\s*=\s*["']?(text\/html|text\/x-red)/.test(attributes) || /data-(template|help)-name/.test(attributes))
      continue;
    try {
      vm.runInThisContext(`(function (sandbox) { with (sandbox) { ${code}\n} })`, { filename: file }).call(
        sandbox,
        sandbox,
      );
    } catch (error) {
      throw new Error(`${file}: its script fails: ${(error as Error).message}`);
    }
  }
  return found;
}

/** An object that has what is given, and answers everything else with more of its kind. */
function standIn(known: Record<string, unknown>): object {
  const target = Object.assign(() => undefined, {});
  const proxy: object = new Proxy(target, {
    has: () => true,
    get: (_target, key) => {
      if (key === Symbol.toPrimitive) return () => "";
      if (key === Symbol.iterator) return () => [][Symbol.iterator]();
      if (typeof key === "symbol") return undefined;
      if (Object.hasOwn(known, key)) return known[key];
      return key === "undefined" ? undefined : proxy;
    },
    set: (_target, key, value) => {
      known[String(key)] = value;
      return true;
    },
    apply: () => proxy,
    construct: () => proxy,
  });
  return proxy;
}
