// npm test: the one gate, which CI runs too. Types, lint and format, flow lint, package contents, tests; its last line is
// "N passed, N failed". Installs and builds what is missing. With --coverage the tests run under c8.
// Arguments go to mocha: npm test -- --grep twin-clean
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { at, install, nodeProgram, pathWithTools, root, Stop } from "./lib/install.mjs";

const args = process.argv.slice(2);
const coverage = args.includes("--coverage");
const forMocha = args.filter((arg) => arg !== "--coverage");
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

try {
  await install((text) => console.log(text));
  checkServers();
  step("types and build", "scripts/build.mjs");
  step("lint and format", "node_modules/@biomejs/biome/bin/biome", "check", ".");
  step("flows", "scripts/flows.mjs", "check");
  step("package contents", "scripts/package-contents.mjs");
  await tests();
} catch (error) {
  console.error(error instanceof Stop ? error.message : error);
  count(false, "npm test itself");
}
if (failures.length > 0) console.error(`\nFailed: ${failures.join(", ")}`);
console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ""}`);
process.exitCode = total.failed > 0 ? 1 : 0;

function count(good, name) {
  total[good ? "passed" : "failed"]++;
  if (!good) failures.push(name);
}

function node(args, env = {}) {
  return spawnSync(nodeProgram(), args, { cwd: root, stdio: "inherit", env: { ...pathWithTools(), ...env } });
}

function step(name, script, ...args) {
  console.log(`\n== ${name}`);
  count(node([at(script), ...args]).status === 0, name);
}

/** Suites against real servers run where these are installed. Where they are required, a missing one is a failure. */
function checkServers() {
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin", "/usr/local/sbin"];
  const missing = ["mosquitto", "influxd", "chromium"].filter(
    (name) => !folders.some((folder) => folder && existsSync(path.join(folder, name))),
  );
  if (missing.length === 0) return;
  console.error(`\n!! Not installed: ${missing.join(", ")}. The tests against the real thing are SKIPPED.`);
  console.error("!! On Debian: apt-get install mosquitto influxdb chromium");
  if (process.env.MEDITWIN_REQUIRE_SERVERS === "1") for (const name of missing) count(false, `${name} is missing`);
}

/**
 * All suites, in processes one after the other: those that kill and overload get no core of another. Only what the engine thinks,
 * which measures no time, is tested beside suites that mostly wait.
 */
async function tests() {
  console.log("\n== tests");
  const isWhole = !coverage && forMocha.length === 0;
  if (!isWhole) {
    const specs = forMocha.some((arg) => arg.endsWith(".js")) ? [] : ["dist/test/**/*.test.js"];
    return add(await mocha([...specs, ...forMocha]));
  }
  const engine = "dist/test/engine/**/*.test.js";
  const light = "dist/test/{flows,house,lib,security}/**/*.test.js";
  const browser = "dist/test/dashboards/**/*.test.js";
  const beside = mocha([light], "pipe");
  add(await mocha([engine]));
  const { said, ...result } = await beside;
  process.stdout.write(said);
  add(result);
  add(await mocha(["dist/test/**/*.test.js", "--ignore", browser, "--ignore", engine, "--ignore", light]));
  add(await mocha([browser]));
}

/** Runs mocha in a process of its own. `said` is what it printed, where that was not let through. */
async function mocha(args, output = "inherit") {
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-test-"));
  const file = path.join(folder, "result.json");
  const program = [at("node_modules/mocha/bin/mocha.js"), ...args];
  const c8 = [
    at("node_modules/c8/bin/c8.js"),
    "--all",
    "--src",
    "dist/engine",
    "--src",
    "dist/nodes",
    "--src",
    "dist/security",
  ];
  const reports = ["--reporter", "text-summary", "--reporter", "html", "--exclude", "dist/test/**"];
  const child = spawn(nodeProgram(), coverage ? [...c8, ...reports, nodeProgram(), ...program] : program, {
    cwd: root,
    stdio: ["inherit", output, output],
    env: { ...process.env, ...pathWithTools(), MEDITWIN_TEST_RESULT: file },
  });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (bytes) => said.push(bytes));
  const [status] = await once(child, "close");
  const result = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  rmSync(folder, { recursive: true, force: true });
  return { result, status, said: Buffer.concat(said).toString() };
}

function add({ result, status }) {
  if (!result || result.passed + result.failed === 0) return count(false, "mocha ran no test");
  total.passed += result.passed;
  total.failed += result.failed;
  total.skipped += result.skipped;
  if (result.failed > 0) failures.push(`${result.failed} tests`);
  // Mocha's exit code is the number of failed tests; anything else is something that no test has counted.
  if (status !== 0 && result.failed === 0) count(false, status === 97 ? "the tests left something open" : "mocha");
}
