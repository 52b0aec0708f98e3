// Compiles the sources and copies what is not TypeScript (forms, locales, icons) beside them; dist/ mirrors the tree.
// Also keeps the list of nodes in package.json in step with the folders under nodes/.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => path.join(root, ...parts);

execFileSync(process.execPath, [at("node_modules/typescript/bin/tsc"), "--build"], { cwd: root, stdio: "inherit" });

const nodes = readdirSync(at("nodes")).filter((name) => existsSync(at("nodes", name, `${name}.html`)));
for (const name of nodes) {
  for (const part of [`${name}.html`, "locales", "icons"]) {
    const from = at("nodes", name, part);
    if (existsSync(from)) cpSync(from, at("dist/nodes", name, part), { recursive: true });
  }
}

const file = at("package.json");
const manifest = JSON.parse(readFileSync(file, "utf8"));
const entries = Object.fromEntries(nodes.sort().map((name) => [name, `dist/nodes/${name}/${name}.js`]));
if (JSON.stringify(manifest["node-red"].nodes) !== JSON.stringify(entries)) {
  manifest["node-red"].nodes = entries;
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}
