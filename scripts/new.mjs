// npm run new -- twin-oee: a node that works, with form, help and labels in two languages, icon, example and test, made from
// scripts/template/, which is itself compiled and tested.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { at } from "./lib/install.mjs";

const [name, into = at()] = process.argv.slice(2);
if (!/^twin(-[a-z][a-z0-9]*)+$/.test(name ?? "")) stop("Give the new node a name: npm run new -- twin-oee");
if (existsSync(path.join(into, "nodes", name))) stop(`nodes/${name} is there already.`);

const words = name.slice("twin-".length);
const typeName = name.replace(/(^|-)([a-z])/g, (_, _dash, letter) => letter.toUpperCase());

copy("node", `nodes/${name}`);
copy("twin-template.json", `examples/${name}.json`);
copy("twin-template.test.ts", `test/nodes/${name}.test.ts`);
console.log(`Next: npm run build, then npm test. What the node does goes to engine/; nodes/README.md says the rest.`);

function copy(from, to) {
  const source = at("scripts/template", from);
  if (!from.includes("."))
    for (const entry of readdirSync(source)) {
      const target = path.posix.join(to, entry.replace("twin-template", name));
      if (entry.includes(".")) copyFile(path.join(source, entry), target);
      else copy(path.posix.join(from, entry), target);
    }
  else copyFile(source, to);
}

function copyFile(source, to) {
  const text = readFileSync(source, "utf8")
    .replaceAll("twin-template", name)
    .replaceAll("TwinTemplate", typeName)
    .replaceAll('"template-', `"${words}-`)
    // The template lies deeper (nodes) or elsewhere (test) than what is made from it.
    .replaceAll("../../../nodes/", "../")
    .replaceAll("../../../engine/", "../../engine/")
    .replaceAll("../../test/", "../");
  mkdirSync(path.dirname(path.join(into, to)), { recursive: true });
  writeFileSync(path.join(into, to), text);
  console.log(to);
}

function stop(text) {
  console.error(text);
  process.exit(1);
}
