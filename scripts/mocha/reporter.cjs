// Mocha's spec output, then: what was skipped, by name; how many passed and failed, for scripts/test.mjs; and what keeps
// the process alive, when something does. A forced exit would hide a socket or a timer that a test left open.
"use strict";
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

const patienceMs = 15_000;

class Reporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = [];
    runner.on("pending", (test) => skipped.push(test.fullTitle()));
    runner.once("end", () => {
      if (skipped.length > 0)
        console.log(`  SKIPPED ${skipped.length}:\n${skipped.map((one) => `    ${one}`).join("\n")}\n`);
      const file = process.env.MEDITWIN_TEST_RESULT;
      const { passes = 0, failures = 0, pending = 0 } = this.stats;
      if (file) writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
      setTimeout(() => {
        const kinds = process.getActiveResourcesInfo().filter((kind) => kind !== "TTYWrap" && kind !== "PipeWrap");
        console.error(`  All tests have ended, but the process has not. What keeps it: ${kinds.join(", ")}`);
        // Mocha sets the exit code at the very end; this comes after it.
        process.once("exit", () => {
          process.exitCode = 97;
        });
        process.exit(97);
      }, patienceMs).unref();
    });
  }
}

module.exports = Reporter;
