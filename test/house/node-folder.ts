import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { checkFlows } from "../../scripts/flows/check";
import { parseFlow } from "../../scripts/flows/flow-node";
import { type NodeType, registeredIn } from "../../scripts/flows/node-types";

const languages = ["en-US", "zh-CN"] as const;
const sections = {
  "en-US": { inputs: "Inputs", outputs: "Outputs", details: "Details", references: "References" },
  "zh-CN": { inputs: "输入", outputs: "输出", details: "详细", references: "参考" },
};
/** Names that a setting must not have: Node-RED keeps its own things under them. */
const reserved = ["id", "type", "wires", "x", "y", "z", "g", "d", "l", "users", "credentials"];

const fixedColour =
  /#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl)a?\(|(?<![\w-])(?:white|black|red|green|blue|gr[ae]y|yellow|orange|silver|purple|brown)(?![\w-])/;

/** Names of the node folders of a project. */
export const nodeNames = (root: string): string[] =>
  readdirSync(path.join(root, "nodes"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "lib")
    .map(({ name }) => name)
    .sort();

/** Everything in which a node's folder and what belongs to it is not of the shape of the house. */
export function checkNodeFolder(root: string, name: string, types: ReadonlyMap<string, NodeType>): string[] {
  const problems: string[] = [];
  const say = (text: string): void => void problems.push(`${name}: ${text}`);
  const at = (file: string): string => path.join(root, "nodes", name, file);
  const read = (file: string): string | undefined => {
    if (existsSync(at(file))) return readFileSync(at(file), "utf8");
    say(`${file} is missing.`);
    return undefined;
  };

  checkCode(read(`${name}.ts`));
  read(`${name}.settings.ts`);
  const html = read(`${name}.html`);
  const definition = html === undefined ? undefined : checkForm(html);
  const labels = checkLabels();
  const parts = partsOfForm();
  if (html !== undefined && labels) checkTextsUsed(html + parts, labels);
  const colour = fixedColour.exec(parts.replaceAll("--red-ui-", ""))?.[0];
  if (colour) say(`its resources have the fixed colour ${colour}: use a var(--red-ui-...).`);
  for (const language of languages) checkHelp(language, read(`locales/${language}/${name}.html`), html ?? "");
  checkExamples(definition?.category === "config");
  if (!testsOf(root).some((text) => text.includes(`"${name}"`))) say("no test under test/nodes loads it.");
  return problems;

  function checkCode(code: string | undefined): void {
    if (code === undefined) return;
    if (!/export default define(Config)?Node</.test(code)) say("its entry has no export default defineNode<...>(...).");
    if (!code.includes(`type: "${name}"`)) say(`its entry does not say type: "${name}".`);
  }

  function checkForm(html: string): Omit<NodeType, "from"> | undefined {
    // Palette tools read these from the text, without running it.
    if (!html.includes(`RED.nodes.registerType("${name}", {`) && !html.includes(`RED.nodes.registerType('${name}', {`))
      say("registerType has not the node's name and an object as they stand.");
    if (!/^\s*defaults: \{/m.test(html)) say("its defaults are not inline.");
    if (!html.includes(`data-template-name="${name}"`)) say("its form has another data-template-name.");
    const found = registeredIn(html, at(`${name}.html`)).find(({ type }) => type === name);
    if (!found) {
      say("it registers no type of its name.");
      return undefined;
    }
    const isConfig = found.category === "config";
    if (!isConfig && found.category !== "digital twin") say(`its category is ${found.category}, not "digital twin".`);
    for (const key of Object.keys(found.defaults)) {
      if (reserved.includes(key) || key.length < 2) say(`a setting may not be called ${key}.`);
      if ((html.match(new RegExp(`\\b${key}\\b`, "g")) ?? []).length < 2) say(`the form has no field for ${key}.`);
    }
    for (const [key, { type, required }] of Object.entries(found.defaults))
      if (type && required !== false)
        say(`${key} is required, but empty means the built-in default (required: false).`);
    if (!isConfig) {
      const icon = /^\s*icon: "([^"]+)"/m.exec(html)?.[1];
      if (!icon || !existsSync(at(`icons/${icon}`))) say(`its icon ${icon ?? ""} is not in icons/.`);
      if (!/^\s*color: "#[0-9A-Fa-f]{6}"/m.test(html)) say("it has no palette colour.");
      if (!/^\s*paletteLabel: /m.test(html)) say("it has no paletteLabel.");
    }
    // The editor has a dark theme: a fixed colour is unreadable in one of the two.
    const plain = html.replace(/^\s*color: "#[0-9A-Fa-f]{6}",?$/m, "").replace(/<svg[\s\S]*?<\/svg>/g, "");
    const styles = [...plain.matchAll(/<style[\s\S]*?<\/style>|style="[^"]*"|\.css\([^)]*\)?/g)].join("\n");
    const fixed = /#[0-9a-fA-F]{3,8}\b(?=["'; ])/.exec(plain)?.[0] ?? fixedColour.exec(styles)?.[0];
    if (fixed) say(`its form has the fixed colour ${fixed}: use a var(--red-ui-...).`);
    // Node-RED takes a text that a validator of one argument gives for "valid".
    for (const [validator] of html.matchAll(/validate: function \(\w*\)[\s\S]*?(?=\n {0,8}\w+: |\n {4,6}\})/g))
      if (/\b_\("/.test(validator))
        say(`its validator ${validator.slice(0, 40)}... gives a text: it needs (value, opt).`);
    if (/(?:src|href)\s*=\s*["']?https?:/i.test(html)) say("its form loads something from outside.");
    return found;
  }

  /** Scripts and styles of a form that is too long for one file: resources/<name>/. */
  function partsOfForm(): string {
    const folder = path.join(root, "resources", name);
    if (!existsSync(folder)) return "";
    return readdirSync(folder)
      .map((file) => readFileSync(path.join(folder, file), "utf8"))
      .join("\n");
  }

  function checkLabels(): Map<string, string> | undefined {
    const [english, chinese] = languages.map((language) => {
      const text = read(`locales/${language}/${name}.json`);
      if (text === undefined) return undefined;
      const catalogue = JSON.parse(text) as Record<string, unknown>;
      if (Object.keys(catalogue).join() !== name) say(`locales/${language}: the one top key is ${name}.`);
      return flat(catalogue);
    });
    if (!english || !chinese) return undefined;
    for (const key of english.keys()) if (!chinese.has(key)) say(`${key} is not there in zh-CN.`);
    for (const key of chinese.keys()) if (!english.has(key)) say(`${key} is not there in en-US.`);
    for (const [key, text] of english)
      if ((text.trim() === "") !== ((chinese.get(key) ?? text).trim() === "")) say(`${key} is empty in one language.`);
    const blanks = (text = ""): string => [...text.matchAll(/__\w+__/g)].map(String).sort().join();
    for (const [key, text] of english)
      if (blanks(text) !== blanks(chinese.get(key))) say(`${key} fills in other values in zh-CN.`);
    return english;
  }

  /** What the form asks of the catalogue; keys that are put together end in a dot. */
  function checkTextsUsed(html: string, labels: Map<string, string>): void {
    const quoted = [...html.matchAll(new RegExp(`["'\`\\]](${name}\\.[\\w.-]+)(?:["'\`]|\\$\\{)`, "g"))].map(
      (match) => match[1] ?? "",
    );
    const unknown = quoted
      .filter((key) => !/\.(svg|png)$/.test(key))
      .filter((key) => (key.endsWith(".") ? ![...labels.keys()].some((one) => one.startsWith(key)) : !labels.has(key)));
    for (const key of new Set(unknown)) say(`its form uses the text ${key}, which is in no catalogue.`);
  }

  function checkHelp(language: (typeof languages)[number], help: string | undefined, html: string): void {
    if (help === undefined) return;
    const where = `help in ${language}`;
    const names = sections[language];
    if (!help.includes(`data-help-name="${name}"`)) say(`${where}: another data-help-name.`);
    if (!/<script[^>]*>\s*<p>[^<]/.test(help))
      say(`${where}: it does not begin with a sentence that works as the tooltip.`);
    const headings = [...help.matchAll(/<h3>([^<]*)<\/h3>/g)].map((match) => match[1] ?? "");
    const needed = [names.details];
    if (/^\s*outputs: [1-9]/m.test(html)) needed.unshift(names.outputs);
    if (/^\s*inputs: [1-9]/m.test(html)) needed.unshift(names.inputs);
    for (const heading of needed) if (!headings.includes(heading)) say(`${where}: the section ${heading} is missing.`);
    for (const heading of headings)
      if (!Object.values(names).includes(heading)) say(`${where}: the section ${heading} is none of the house.`);
    const order = Object.values(names).filter((heading) => headings.includes(heading));
    if (headings.filter((heading) => order.includes(heading)).join() !== order.join())
      say(`${where}: the sections are not in the order ${order.join(", ")}.`);
    const fixed = /\b(?:fill|stroke|color)\s*[=:]\s*"?\s*(?!none|currentColor|var\()[#\w]+/.exec(help)?.[0];
    if (fixed) say(`${where}: a picture with the colour ${fixed}: use currentColor, the editor has a dark theme.`);
    if (language === "zh-CN" && !/\p{Script=Han}{10}/u.test(help)) say(`${where}: it is not in Chinese.`);
    if (language === "zh-CN" && !headings.includes(names.references) !== !englishHelp().includes("<h3>References</h3>"))
      say(`${where}: it has other sections than the English one.`);
  }

  function englishHelp(): string {
    const file = at(`locales/en-US/${name}.html`);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  function checkExamples(isConfig: boolean): void {
    const examples = exampleFiles(root).filter(({ nodes }) => nodes.some(({ type }) => type === name));
    if (examples.length === 0) say("it is in no example.");
    if (!isConfig && !existsSync(path.join(root, "examples", `${name}.json`))) say(`examples/${name}.json is missing.`);
    for (const { file, nodes } of examples)
      for (const { node, message } of checkFlows([{ file, nodes }], types, { anywhere: true }))
        say(`${file} ${node ?? ""}: ${message}`);
  }
}

const testsOf = (root: string): string[] =>
  readdirSync(path.join(root, "test/nodes"))
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => readFileSync(path.join(root, "test/nodes", file), "utf8"));

/** The example flows of a project. */
export function exampleFiles(root: string): { file: string; nodes: ReturnType<typeof parseFlow> }[] {
  const folder = path.join(root, "examples");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => ({ file: `examples/${name}`, nodes: parseFlow(readFileSync(path.join(folder, name), "utf8")) }));
}

function flat(value: unknown, key = ""): Map<string, string> {
  if (typeof value !== "object" || value === null) return new Map([[key, String(value)]]);
  return new Map(Object.entries(value).flatMap(([name, part]) => [...flat(part, key ? `${key}.${name}` : name)]));
}
