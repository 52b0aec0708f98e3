// Makes a fresh clone ready to run: dependencies, the right Node.js, the compiled sources; each only when needed.
// Runs before anything is installed, so: no dependency, Node 20.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
export const at = (...parts) => path.join(root, ...parts);

/** A problem that is told to the user without a stack trace. */
export class Stop extends Error {}

const running = new Set();

/** Runs a program to its end; `Stop` when it fails. */
export function run(program, args, { env = process.env, failed, stdio = "inherit" } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio });
    running.add(child);
    child.once("error", (error) => reject(new Stop(`${failed} (${error.message})`)));
    child.once("exit", (code, signal) => {
      running.delete(child);
      if (code === 0) resolve();
      else reject(Object.assign(new Stop(failed), { exitCode: code ?? 1, signal }));
    });
  });
}

/** Passes a signal on to what `run` started. */
export function passOn(signal) {
  for (const child of running) child.kill(signal);
}

/** Node.js that node:sqlite works in without a flag. */
const oldest = [22, 13];
const isRecent = (version) => {
  const [major, minor] = version.split(".").map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
};

/** This Node.js when it is recent enough, else the one among the dependencies. */
export function nodeProgram() {
  if (isRecent(process.versions.node)) return process.execPath;
  const pinned = at("node_modules/node/bin/node");
  if (existsSync(pinned)) return pinned;
  throw new Stop(
    `Node.js ${process.versions.node} is too old, and the one that npm should have installed is not there: install Node.js ${oldest.join(".")} or later.`,
  );
}

/** The environment in which that Node.js and the dependencies' programs come first. */
export function pathWithTools(env = process.env) {
  const parts = [path.dirname(nodeProgram()), at("node_modules/.bin"), env.PATH];
  return { ...env, PATH: parts.filter(Boolean).join(path.delimiter) };
}

/** True when node_modules holds what package-lock.json asks for: npm keeps its own record of what it installed. */
export function isInstalled() {
  const read = (file) => JSON.parse(readFileSync(file, "utf8")).packages ?? {};
  try {
    const wanted = read(at("package-lock.json"));
    const present = read(at("node_modules/.package-lock.json"));
    for (const [name, { version, optional, devOptional, peer }] of Object.entries(wanted)) {
      if (name === "") continue;
      // Packages for other platforms are wanted and not present.
      if (present[name] ? present[name].version !== version : !(optional || devOptional || peer)) return false;
    }
  } catch {
    return false;
  }
  return isRecent(process.versions.node) || existsSync(at("node_modules/node/bin/node"));
}

export async function install(say) {
  if (isInstalled()) return;
  say("Installing the dependencies (once; about half a minute) ...");
  const quiet = ["--include=dev", "--no-fund", "--no-audit", "--loglevel=error", "--ignore-scripts=false"];
  // Under `npm start` this is npm's own script; else whatever npm is on the path.
  const npm = process.env.npm_execpath;
  const command = npm && /\.c?js$/.test(npm) ? [process.execPath, npm] : ["npm"];
  await run(command[0], [...command.slice(1), "ci", ...quiet], {
    failed: "npm could not install the dependencies: see above. It needs the npm registry, or a full npm cache.",
  });
  if (!isInstalled()) throw new Stop("npm ci ended well, but node_modules is not what package-lock.json asks for.");
}

/** Changes when any source does: a digest of names, sizes and times. */
export function sourcesDigest() {
  const digest = createHash("sha256");
  const visit = (relative) => {
    const stat = statSync(at(relative), { throwIfNoEntry: false });
    if (!stat) return;
    if (stat.isDirectory()) for (const name of readdirSync(at(relative)).sort()) visit(path.posix.join(relative, name));
    else digest.update(`${relative}\0${stat.size}\0${stat.mtimeMs}\n`);
  };
  for (const part of ["engine", "nodes", "security", "test", "bench", "scripts", "tsconfig.json"]) visit(part);
  return digest.digest("hex");
}

const stampFile = () => at("dist/.sources");

export function isBuilt() {
  try {
    return readFileSync(stampFile(), "utf8") === sourcesDigest();
  } catch {
    return false;
  }
}

/** Compiles when a source has changed. The compiler writes its output in spite of type errors; those stop `npm test`. */
export async function build(say) {
  if (isBuilt()) return;
  say("Building ...");
  try {
    await run(nodeProgram(), [at("scripts/build.mjs")], { failed: "The build failed: see above." });
  } catch (error) {
    if (!(error instanceof Stop) || error.signal || !existsSync(at("dist/scripts/flows/home.js"))) throw error;
    say("Warning: the sources do not compile without errors (see above). Going on with what was compiled.");
  }
}
