// npm start: makes ready what is missing (dependencies, build, home folder, flow file), looks whether the ports are free,
// and runs Node-RED until it is told to stop. Runs before anything is installed, so: no dependency, Node 20.
import { spawn } from "node:child_process";
import { get } from "node:http";
import { createRequire } from "node:module";
import { networkInterfaces } from "node:os";
import path from "node:path";
import environment from "./lib/environment.cjs";
import { at, build, install, nodeProgram, passOn, pathWithTools, root, Stop } from "./lib/install.mjs";
import { portMessage, whyTaken } from "./lib/ports.mjs";
import { takeHome, wasKilled } from "./lib/running.mjs";

/** Ctrl-C ends within 5 s, whatever a node is waiting for. What must last is on the disk at any time. */
const patienceMs = 4500;
/** While Node-RED is still starting there is nothing to close in good order. */
const startingPatienceMs = 1500;

const say = (text) => console.log(`[meditwin] ${text}`);
const warn = (text) => console.error(`[meditwin] Warning: ${text}`);

let nodeRed;
let serving = false;
let stopping;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
watchParent();

try {
  await main();
} catch (error) {
  if (stopping) process.exit(130);
  if (!(error instanceof Stop)) throw error;
  for (const line of error.message.split("\n")) console.error(`[meditwin] ${line}`);
  process.exit(1);
}

async function main() {
  const cwd = process.env.INIT_CWD ?? process.cwd();
  const { values, exposed, signIn, problems, warnings } = environment.readEnvironment(process.env, root, cwd);
  if (problems.length > 0) throw new Stop(problems.join("\n"));
  for (const warning of warnings) warn(warning);
  await checkPorts(values);

  await install(say);
  await build(say);
  if (stopping) process.exit(130);

  const file = prepareFlows(values);
  const release = takeHome(values.TWIN_HOME, Number(values.PORT));
  nodeRed = spawn(
    nodeProgram(),
    [at("node_modules/node-red/red.js"), "--settings", at("settings.js"), ...process.argv.slice(2)],
    {
      cwd: root,
      // Express shows stack traces, with this machine's paths in them, to anybody unless it is told that this is production.
      env: pathWithTools({
        NODE_ENV: "production",
        ...process.env,
        ...values,
        TWIN_FLOW_FILE: file,
        NODE_RED_DISABLE_TELEMETRY: "true",
      }),
      // The channel tells the child when this process is gone.
      stdio: ["inherit", "inherit", "inherit", "ipc"],
    },
  );
  nodeRed.once("error", (error) => {
    console.error(`[meditwin] Node-RED could not be started: ${error.message}`);
    process.exit(1);
  });
  nodeRed.once("exit", (code, signal) => {
    release();
    if (stopping && signal === "SIGKILL") warn("Node-RED did not end in time and was ended.");
    // Told to stop and stopped is no failure.
    process.exit(stopping && (code === 0 || signal) ? 0 : (code ?? 1));
  });
  await answering(values);
  serving = true;
  if (!stopping) banner(values, exposed, signIn);
}

async function checkPorts({ PORT, HOST, MQTT_URL, TWIN_MQTT_PORT, TWIN_HOME }) {
  const wanted = [["the editor", "PORT", HOST, Number(PORT)]];
  if (!MQTT_URL) wanted.push(["the embedded MQTT broker", "TWIN_MQTT_PORT", "127.0.0.1", Number(TWIN_MQTT_PORT)]);
  const taken = [];
  for (const [what, variable, host, port] of wanted) {
    const code = await whyTakenFor(host, port);
    if (code) taken.push(portMessage(what, variable, host, port, code));
  }
  if (taken.length > 0) throw new Stop(taken.join("\n"));

  /** Where the last start on this home folder was killed, its Node-RED may still be closing. */
  async function whyTakenFor(host, port) {
    let code = await whyTaken(host, port);
    for (const end = Date.now() + 6000; code === "EADDRINUSE" && wasKilled(TWIN_HOME) && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      code = await whyTaken(host, port);
    }
    return code;
  }
}

/** The flow file to run, in the home folder. */
function prepareFlows(values) {
  const { prepareHome } = createRequire(import.meta.url)(at("dist/scripts/flows/home.js"));
  try {
    const { file, notes } = prepareHome({
      root,
      home: values.TWIN_HOME,
      flows: values.TWIN_FLOWS,
      language: environment.pageLanguage(values.TWIN_LANG),
      now: new Date(),
    });
    for (const note of notes) say(note);
    return file;
  } catch (error) {
    if (["EACCES", "EROFS", "ENOTDIR", "ENOSPC"].includes(error.code))
      throw new Stop(
        `TWIN_HOME is ${values.TWIN_HOME}, which cannot be written to (${error.code}): choose another folder.`,
      );
    throw new Stop(error.message);
  }
}

/** Resolves when the server answers; never, when Node-RED ends before. */
function answering({ HOST, PORT }) {
  const host = ["0.0.0.0", "::"].includes(HOST) ? "127.0.0.1" : HOST;
  return new Promise((resolve) => {
    const ask = () => {
      const request = get({ host, port: Number(PORT), path: "/", timeout: 2000 }, (response) => {
        response.resume();
        resolve();
      });
      request.on("timeout", () => request.destroy());
      request.on("error", () => setTimeout(ask, 100));
    };
    ask();
  });
}

function banner(values, exposed, signIn) {
  const { HOST, PORT, TWIN_HOME } = values;
  const address = `http://${urlHost(["0.0.0.0", "::"].includes(HOST) ? "127.0.0.1" : HOST)}:${PORT}`;
  const lines = [
    "MediTwin is running. Ctrl-C stops it.",
    "",
    `  Pages     ${address}/dashboard`,
    `  Editor    ${address}`,
    `  MQTT      ${values.MQTT_URL ? withoutPassword(values.MQTT_URL) : `${values.TWIN_BROKER_URL} (embedded)`}`,
    `  History   ${values.INFLUX_URL ? withoutPassword(values.INFLUX_URL) : "embedded"}`,
    `  Data      ${TWIN_HOME}`,
  ];
  if (["0.0.0.0", "::"].includes(HOST))
    lines.push(...ownAddresses().map((host) => `  Network   http://${urlHost(host)}:${PORT}/dashboard`));
  if (exposed && signIn) warnUnencrypted(values);
  else if (exposed) warnExposed(values);
  console.log(`\n${lines.map((line) => `  ${line}`.trimEnd()).join("\n")}\n`);
}

function warnExposed({ HOST, TWIN_HOME, TWIN_ADMIN_PASSWORD_HASH }) {
  if (!TWIN_ADMIN_PASSWORD_HASH)
    warn(
      `HOST is ${HOST}, beyond this machine, and TWIN_ADMIN_PASSWORD_HASH is not set. The editor asks for the user admin` +
        ` and a password that was made for you: ${path.join(TWIN_HOME, "admin-password")}.` +
        " Choose your own with `npm run password` and TWIN_ADMIN_PASSWORD_HASH.",
    );
  warn(
    `HOST is ${HOST}: the pages are read-only beyond this machine until somebody may sign in: \`npm run user -- add <name> --role operator\`.`,
  );
}

function warnUnencrypted({ HOST }) {
  warn(
    `HOST is ${HOST}, beyond this machine: passwords and pages travel unencrypted unless a TLS proxy stands in front (docs/security.md).`,
  );
}

function urlHost(host) {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

function withoutPassword(address) {
  const url = new URL(address);
  return url.password ? address.replace(`:${url.password}@`, ":***@") : address;
}

function ownAddresses() {
  return Object.values(networkInterfaces())
    .flat()
    .filter((one) => one && !one.internal && one.family === "IPv4")
    .map((one) => one.address);
}

/** Ends in good order; a second signal, or the end of patience, ends at once. */
function stop(signal) {
  if (stopping) return;
  stopping = signal;
  passOn(signal);
  if (!nodeRed) {
    // Installing or building: what runs gets the signal too, and main() ends with it.
    setTimeout(() => process.exit(130), patienceMs).unref();
    return;
  }
  nodeRed.kill(signal === "SIGHUP" ? "SIGTERM" : signal);
  setTimeout(() => nodeRed.kill("SIGKILL"), serving ? patienceMs : startingPatienceMs).unref();
}

/** When npm is killed, nobody is left to stop this process. */
function watchParent() {
  if (process.env.npm_lifecycle_event !== "start") return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop("SIGTERM");
  }, 1000).unref();
}
