import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { projectRoot } from "../flows/project";

describe("npm run new", () => {
  it("makes a node that compiles and passes its own test", function () {
    this.timeout(120_000);
    const root = mkdtempSync(path.join(tmpdir(), "meditwin-new-"));
    try {
      for (const part of ["engine", "nodes", "test/support", "package.json", "tsconfig.json"])
        cpSync(path.join(projectRoot, part), path.join(root, part), { recursive: true });
      symlinkSync(path.join(projectRoot, "node_modules"), path.join(root, "node_modules"));
      run("scripts/new.mjs", "twin-oee", root);
      run("node_modules/typescript/bin/tsc", "--build", root);
      const output = run("node_modules/mocha/bin/mocha.js", path.join(root, "dist/test/nodes/twin-oee.test.js"));
      assert.match(output, /3 passing/);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }

    function run(program: string, ...args: string[]): string {
      const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(projectRoot, program), ...args], {
        encoding: "utf8",
        cwd: projectRoot,
        env: { ...process.env, MEDITWIN_TEST_RESULT: "" },
      });
      assert.equal(status, 0, `${program}: ${stdout}${stderr}`);
      return stdout;
    }
  });
});
