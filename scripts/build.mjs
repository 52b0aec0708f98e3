// Compiles the sources and copies what is not TypeScript (forms, locales, icons) beside them; dist/ mirrors the tree.
// Takes out of dist/ what has no source any more, and keeps the list of nodes in package.json in step with nodes/.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { at, root, sourcesDigest } from "./lib/install.mjs";

// Taken before compiling: a source that is saved meanwhile leads to one build too many, never to one too few.
const digest = sourcesDigest();
const nodes = readdirSync(at("nodes")).filter((name) => existsSync(at("nodes", name, `${name}.html`)));

prune("dist");
const { status } = spawnSync(process.execPath, [at("node_modules/typescript/bin/tsc"), "--build"], {
  cwd: root,
  stdio: "inherit",
});
for (const name of nodes)
  for (const part of [`${name}.html`, "locales", "icons"]) {
    const from = at("nodes", name, part);
    if (existsSync(from)) cpSync(from, at("dist/nodes", name, part), { recursive: true });
  }
cpSync(at("nodes/lib/editor/absent-settings.html"), at("dist/nodes/lib/editor/absent-settings.html"));
listNodes();
if (status === 0) {
  mkdirSync(at("dist"), { recursive: true });
  writeFileSync(at("dist/.sources"), digest);
}
process.exitCode = status ?? 1;

/** Deletes outputs whose source is gone, so that no test or node that was removed lives on. */
function prune(folder) {
  if (!existsSync(at(folder))) return;
  for (const entry of readdirSync(at(folder), { withFileTypes: true })) {
    const output = path.posix.join(folder, entry.name);
    const source = output.replace(/^dist\/?/, "");
    if (entry.isDirectory()) {
      if (existsSync(at(source))) prune(output);
      else rmSync(at(output), { recursive: true, force: true });
    } else if (/\.(d\.ts|js|js\.map)$/.test(entry.name)) {
      if (!existsSync(at(source.replace(/\.(d\.ts|js|js\.map)$/, ".ts")))) rmSync(at(output), { force: true });
    } else if (/\.(html|json|svg|png)$/.test(entry.name) && !existsSync(at(source)))
      rmSync(at(output), { force: true });
  }
}

function listNodes() {
  const file = at("package.json");
  const manifest = JSON.parse(readFileSync(file, "utf8"));
  const entries = Object.fromEntries(nodes.sort().map((name) => [name, `dist/nodes/${name}/${name}.js`]));
  if (JSON.stringify(manifest["node-red"].nodes) === JSON.stringify(entries)) return;
  manifest["node-red"].nodes = entries;
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}
