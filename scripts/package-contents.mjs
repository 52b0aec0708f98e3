// What `npm publish` would send: everything a plant needs, and nothing else.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { at, root } from "./lib/install.mjs";

const npm = process.env.npm_execpath;
const [program, first] = npm && /\.c?js$/.test(npm) ? [process.execPath, [npm]] : ["npm", []];
const output = execFileSync(program, [...first, "pack", "--dry-run", "--json", "--ignore-scripts"], {
  cwd: root,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
const parsed = JSON.parse(output);
const [pack] = Array.isArray(parsed) ? parsed : Object.values(parsed);
const files = pack.files.map(({ path }) => path);
const problems = [];

const manifest = JSON.parse(readFileSync(at("package.json"), "utf8"));
const needed = ["package.json", "README.md", "LICENSE"];
for (const [type, file] of Object.entries(manifest["node-red"].nodes)) {
  const folder = file.slice(0, file.lastIndexOf("/"));
  needed.push(file, `${folder}/${type}.html`, `${folder}/icons/${type}.svg`);
  for (const language of ["en-US", "zh-CN"])
    needed.push(`${folder}/locales/${language}/${type}.json`, `${folder}/locales/${language}/${type}.html`);
}
for (const file of needed) if (!files.includes(file)) problems.push(`${file} is missing.`);

const allowed = [
  /^(package\.json|README\.md|LICENSE|NOTICE)$/,
  /^dist\/engine\/.+\.js$/,
  /^dist\/nodes\/.+\.(js|html|json|svg|png)$/,
  /^examples\/[^/]+\.json$/,
  /^examples\/data\/([^/]+\.(csv|json)|ATTRIBUTION\.txt)$/,
  /^examples\/mosquitto\/(mosquitto\.conf|README\.md)$/,
  /^resources\//,
];
for (const file of files) {
  if (!allowed.some((rule) => rule.test(file)))
    problems.push(`${file} does not belong in the package (see "files" in package.json).`);
  if (/(^|\/)(test|tests|bench|fixtures)\/|\.test\.js$/.test(file)) problems.push(`${file} is a test.`);
}
const limit = 3_000_000;
if (pack.size > limit) problems.push(`The package has ${pack.size} bytes; ${limit} should do.`);

for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${Math.round(pack.size / 1024)} KiB packed.`);
process.exitCode = problems.length > 0 ? 1 : 0;
