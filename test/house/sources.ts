import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export interface Source {
  /** Path from the project folder, with slashes. */
  file: string;
  text: string;
}

/** Every file below those parts of the project whose name fits. */
export function readSources(root: string, parts: readonly string[], fits: RegExp): Source[] {
  return parts.flatMap((part) => {
    if (!existsSync(path.join(root, part))) return [];
    if (fits.test(part)) return [{ file: part, text: readFileSync(path.join(root, part), "utf8") }];
    return readdirSync(path.join(root, part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && fits.test(entry.name))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => ({
        file: path.relative(root, file).split(path.sep).join("/"),
        text: readFileSync(file, "utf8"),
      }));
  });
}

/** Code without its comments, so that a rule about code may be explained in it. */
export const withoutComments = (code: string): string =>
  code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");

const importOf =
  /(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|(?:require|import)\(\s*["']([^"']+)["']\s*\)/g;

/** What a source imports, as paths from the project folder where relative. */
export function importsOf({ file, text }: Source): { from: string; typeOnly: boolean }[] {
  return [...withoutComments(text).matchAll(importOf)].map((match) => {
    const from = match[2] ?? match[3] ?? "";
    const resolved = from.startsWith(".") ? path.posix.join(path.posix.dirname(file), from) : from;
    return { from: resolved, typeOnly: match[1] !== undefined };
  });
}

/** Packages that are pure: no clock, no network, no files. */
const purePackages = [
  ...["acorn", "csv-parse/sync", "luxon", "ml-matrix", "ml-random-forest", "ml-regression"],
  ...["ml-savitzky-golay-generalized", "unitsnet-js"],
];
const impure =
  /\bMath\.random\b|\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bsetTimeout\b|\bsetInterval\b|\bsetImmediate\b|\bprocess\.|\bconsole\.|\bcrypto\.|\bfetch\(/;

/** What makes an engine file more than a function of its input. */
export function checkEngine(source: Source): string[] {
  const problems = importsOf(source)
    .filter(({ from }) => !from.startsWith("engine/") && !purePackages.includes(from))
    .map(({ from }) => `${source.file}: imports ${from}; engine/ imports engine/ and ${purePackages.join(", ")} only.`);
  const found = impure.exec(withoutComments(source.text))?.[0];
  return found ? [...problems, `${source.file}: uses ${found}; time, chance and output are handed in.`] : problems;
}

const configNodes = ["twin-broker", "twin-history", "twin-model", "twin-store"];

/** What breaks the direction of imports: engine <- nodes/lib <- nodes/<node>. */
export function checkNode(source: Source): string[] {
  const own = source.file.split("/")[1];
  return importsOf(source).flatMap(({ from, typeOnly }) => {
    const [top, folder] = from.split("/");
    if (["test", "scripts", "bench", "dist"].includes(top ?? "")) return [`${source.file}: imports ${from}.`];
    if (top !== "nodes" || folder === "lib" || folder === own) return [];
    if (own === "lib") return [`${source.file}: imports ${from}; nodes/lib knows no node.`];
    if (typeOnly && configNodes.includes(folder ?? "")) return [];
    return [`${source.file}: imports ${from}; a node imports no other node, only a configuration node's types.`];
  });
}

/** Codes of refusals and failures in a source. */
export const codesIn = ({ text }: Source): string[] =>
  [...withoutComments(text).matchAll(/(?:\brefuse\(|new Failure\(|\bcode:)\s*"([a-z][a-z-]+)"/g)].map(
    (match) => match[1] ?? "",
  );
