// Mocha's spec output, then: what was skipped, by name; how many passed and failed, for scripts/test.mjs; and what keeps
// the process alive, when something does. A forced exit would hide a socket or a timer that a test left open.
"use strict";
const { writeFileSync } = require("node:fs");
const { reporters } = require("mocha");

const patienceMs = 15_000;

// Node does not tell where a timer came from: remember it, of those that could outlast the tests.
const timers = new Map();
const isOver = (timer) => timer._destroyed || !timer.hasRef();
for (const name of ["setTimeout", "setInterval"]) {
  const original = globalThis[name];
  const traced = (go, ms, ...args) => {
    const timer = original(go, ms, ...args);
    if (name === "setInterval" || ms >= 1000) {
      if (timers.size >= 1000) for (const known of timers.keys()) if (isOver(known)) timers.delete(known);
      timers.set(timer, new Error(`${name}(${ms})`));
    }
    return timer;
  };
  globalThis[name] = Object.defineProperties(traced, Object.getOwnPropertyDescriptors(original));
}

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
        for (const [timer, { stack }] of timers) if (!isOver(timer)) console.error(`  ${stack}`);
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
