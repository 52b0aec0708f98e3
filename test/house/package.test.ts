import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { projectRoot } from "../flows/project";
import { nodeNames } from "./node-folder";

const manifest = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8"));
const lock = JSON.parse(readFileSync(path.join(projectRoot, "package-lock.json"), "utf8"));

// The rules of Node-RED's palette scorecard (node-red-dev), which itself needs the online catalogue.
describe("package.json", () => {
  it("has a scoped name, a licence with its text, and what it is in a sentence", () => {
    assert.match(manifest.name, /^@[a-z0-9-]+\/node-red-[a-z0-9-]+$/);
    assert.equal(manifest.license, "Apache-2.0");
    assert.match(
      readFileSync(path.join(projectRoot, "LICENSE"), "utf8"),
      /Apache License\s+Version 2\.0, January 2004/,
    );
    assert.ok(manifest.description.length > 20);
    assert.match(manifest.version, /^\d+\.\d+\.\d+/);
  });

  it("is found as a Node-RED package and says which versions it runs on", () => {
    assert.ok(manifest.keywords.includes("node-red"));
    assert.equal(manifest.engines.node, ">=22.9.0");
    assert.equal(manifest["node-red"].version, ">=4.0.0");
  });

  it("lists exactly the nodes that are there, by the files the build makes", () => {
    const complete = nodeNames(projectRoot).filter((name) =>
      [".ts", ".html"].every((end) => existsSync(path.join(projectRoot, "nodes", name, name + end))),
    );
    assert.deepEqual(
      manifest["node-red"].nodes,
      Object.fromEntries(complete.map((name) => [name, `dist/nodes/${name}/${name}.js`])),
    );
    for (const file of Object.values<string>(manifest["node-red"].nodes))
      assert.ok(existsSync(path.join(projectRoot, file)), file);
  });

  it("is loaded with require: no type module", () => assert.notEqual(manifest.type, "module"));

  it("has the runtime dependencies that were decided on, and no other", () => {
    assert.deepEqual(Object.keys(manifest.dependencies), [
      "acorn",
      "aedes",
      "csv-parse",
      "influx",
      "luxon",
      "ml-matrix",
      "ml-random-forest",
      "ml-regression",
      "ml-savitzky-golay-generalized",
      "mqtt",
      "prom-client",
      "sparkplug-payload",
      "unitsnet-js",
    ]);
    for (const kind of ["optionalDependencies", "peerDependencies", "bundledDependencies"])
      assert.equal(manifest[kind], undefined, kind);
  });

  it("runs no script of its own when it is installed", () => {
    for (const script of ["preinstall", "install", "postinstall", "prepare"])
      assert.equal(manifest.scripts[script], undefined, script);
  });

  it("pins what it is built and tested with exactly", () => {
    for (const [name, version] of Object.entries<string>(manifest.devDependencies))
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
  });

  it("names no host that is not ours to name", () => {
    const { repository, bugs, homepage } = manifest;
    for (const address of [repository?.url ?? repository, bugs?.url ?? bugs, homepage])
      if (address !== undefined) assert.match(address, /^(git\+)?https:\/\//);
  });

  it("can be installed as the lockfile says: each dependency of each package is in it", () => {
    const packages: Record<string, Record<string, Record<string, string>>> = lock.packages;
    const missing: string[] = [];
    for (const [at, one] of Object.entries(packages))
      for (const name of Object.keys({ ...one.dependencies, ...one.optionalDependencies })) {
        let from = at;
        for (;;) {
          if (packages[`${from ? `${from}/` : ""}node_modules/${name}`]) break;
          if (from === "") {
            missing.push(`${at} -> ${name}`);
            break;
          }
          from = from.slice(0, Math.max(0, from.lastIndexOf("node_modules/") - 1));
        }
      }
    assert.deepEqual(missing, []);
  });
});
