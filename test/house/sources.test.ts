import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { errorCodes } from "../../engine/contract/errors";
import { projectRoot } from "../flows/project";
import { checkEngine, checkNode, codesIn, importsOf, readSources } from "./sources";

const read = (parts: string[], fits: RegExp) => readSources(projectRoot, parts, fits);

describe("the direction of imports", () => {
  it("the engine imports nothing but itself and pure packages, and has no clock, chance or output", () => {
    const sources = read(["engine"], /\.ts$/);
    assert.ok(sources.length > 10);
    assert.deepEqual(sources.flatMap(checkEngine), []);
  });

  it("engine files compile without Node.js, Node-RED and the browser", () => {
    const { compilerOptions } = JSON.parse(readFileSync(path.join(projectRoot, "engine/tsconfig.json"), "utf8"));
    assert.deepEqual(compilerOptions.types, []);
  });

  it("nodes know nodes/lib and the engine, and of other nodes only the types of configuration nodes", () => {
    const sources = read(["nodes"], /\.ts$/);
    assert.ok(sources.length > 10);
    assert.deepEqual(sources.flatMap(checkNode), []);
  });

  it("is watched by rules that find what breaks it", () => {
    const engine = (text: string) => checkEngine({ file: "engine/spc/chart.ts", text }).length;
    assert.equal(engine('import { mean } from "../statistics/mean";\nimport { Matrix } from "ml-matrix";'), 0);
    assert.equal(engine('import { readFileSync } from "node:fs";'), 1);
    assert.equal(engine('import type { Host } from "../../nodes/lib/define-node";'), 1);
    assert.equal(engine('export { a } from "../../nodes/lib/define-node";'), 1);
    assert.equal(engine('const fs = require("fs");'), 1);
    assert.equal(engine("const now = Date.now();"), 1);
    assert.equal(engine("const now = new Date();"), 1);
    assert.equal(engine("const then = new Date(ts); // not Date.now()"), 0);
    assert.equal(engine("/* never Math.random() */ const x = Math.random;"), 1);

    const node = (text: string, file = "nodes/twin-x/twin-x.ts") => checkNode({ file, text }).length;
    assert.equal(
      node('import { readerOf } from "../lib/settings";\nimport { mean } from "../../engine/statistics/mean";'),
      0,
    );
    assert.equal(node('import type { TwinStore } from "../twin-store/store";'), 0);
    assert.equal(node('import { openStore } from "../twin-store/store";'), 1);
    assert.equal(node('import type { Rule } from "../twin-clean/twin-clean.settings";'), 1);
    assert.equal(node('import { useRuntime } from "../../test/support/runtime";'), 1);
    assert.equal(node('import type { TwinStore } from "../twin-store/store";', "nodes/lib/glue.ts"), 1);
    assert.deepEqual(importsOf({ file: "nodes/a/a.ts", text: 'import {\n  b,\n} from "./b";\nimport("node:fs");' }), [
      { from: "nodes/a/b", typeOnly: false },
      { from: "node:fs", typeOnly: false },
    ]);
  });
});

describe("error codes", () => {
  const known = Object.keys(errorCodes);

  it("are in the one catalogue when they are used", () => {
    const unknown = read(["engine", "nodes"], /\.ts$/).flatMap((source) =>
      codesIn(source)
        .filter((code) => !known.includes(code))
        .map((code) => `${source.file}: ${code}`),
    );
    assert.deepEqual(unknown, []);
  });

  it("are kebab-case words with an HTTP status of a failure", () => {
    for (const [code, status] of Object.entries(errorCodes)) {
      assert.match(code, /^[a-z]+(-[a-z]+)*$/);
      assert.ok(status >= 400 && status < 600, code);
    }
  });

  it("are all explained in docs/message-contract.md, and so is none that is not there", function () {
    const file = path.join(projectRoot, "docs/message-contract.md");
    if (!existsSync(file)) this.skip();
    const text = readFileSync(file, "utf8");
    assert.deepEqual(
      known.filter((code) => !text.includes(`\`${code}\``)),
      [],
    );
  });

  it("that the help speaks of are in the catalogue", () => {
    // In the help a code stands alone in <code>, right after `error` or in a list with other codes.
    const unknown = read(["nodes"], /\.html$/).flatMap(({ file, text }) =>
      [...text.matchAll(/<dt>error[\s\S]*?<\/dl>/g)]
        .flatMap((part) => [...part[0].matchAll(/<code>([a-z]+(?:-[a-z]+)+)<\/code>/g)].map((match) => match[1] ?? ""))
        .filter((code) => !known.includes(code) && !code.startsWith("twin-"))
        .map((code) => `${file}: ${code}`),
    );
    assert.deepEqual(unknown, []);
  });
});

describe("what is in no source", () => {
  const everything = read(
    [
      "engine",
      "nodes",
      "security",
      "scripts",
      "flows",
      "dashboards",
      "examples",
      "docs",
      "bench",
      "test",
      ".ci",
      "settings.js",
      "package.json",
      "README.md",
    ],
    /\.(ts|mjs|cjs|js|json|html|md|sh)$|^run$/,
  );

  it("a path of one machine", () => {
    const machine = new RegExp(`(?:${["/work", "/root", "/builds"].join("|")})/[\\w.]|${escaped(projectRoot)}/`);
    assert.deepEqual(
      everything.filter(({ text }) => machine.test(text)).map(({ file }) => file),
      [],
    );
  });

  it("the address of a package registry, the lockfile included", () => {
    const lock = { file: "package-lock.json", text: readFileSync(path.join(projectRoot, "package-lock.json"), "utf8") };
    const registry = new RegExp(["registry", "npmjs", "org"].join("\\."));
    assert.deepEqual(
      [...everything, lock].filter(({ text }) => registry.test(text)).map(({ file }) => file),
      [],
    );
  });

  it("any, and no rule of the linter switched off for it", () => {
    const { linter } = JSON.parse(readFileSync(path.join(projectRoot, "biome.json"), "utf8"));
    assert.equal(linter.rules.suspicious.noExplicitAny, "error");
    const off = new RegExp(`biome-ignore.*${["no", "Explicit", "Any"].join("")}|@ts-${"nocheck"}|@ts-${"ignore"}`);
    assert.deepEqual(
      everything.filter(({ text }) => off.test(text)).map(({ file }) => file),
      [],
    );
  });

  it("a test that runs alone", () => {
    const only = new RegExp(`\\b(?:it|describe)\\.${"only"}\\(`);
    assert.deepEqual(
      everything.filter(({ text }) => only.test(text)).map(({ file }) => file),
      [],
    );
  });
});

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
