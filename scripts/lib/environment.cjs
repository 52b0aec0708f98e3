// What the environment says about this installation, checked and completed. Used before anything is installed
// (start.mjs) and by Node-RED itself (settings.js), so: CommonJS, no dependency, Node 20.
// The variables are those of the public contract (docs/message-contract.md); README.md explains them to users.
"use strict";
const { existsSync, statSync } = require("node:fs");
const path = require("node:path");

/** Every variable, with its default. An empty variable is an absent one. */
const defaults = {
  PORT: "1880",
  HOST: "127.0.0.1",
  TWIN_HOME: ".node-red",
  TWIN_FLOWS: "",
  MQTT_URL: "",
  TWIN_MQTT_PORT: "1883",
  INFLUX_URL: "",
  TWIN_CREDENTIAL_SECRET: "",
  TWIN_ADMIN_PASSWORD_HASH: "",
  TWIN_LANG: "",
};

/** Languages that pages and flows are translated into. */
const languages = ["en-US", "zh-CN"];

const isLoopback = (host) =>
  host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);

/**
 * @param {Record<string, string | undefined>} env the process environment
 * @param {string} root the project folder
 * @param {string} cwd the folder that relative paths of the user start from
 * @returns `values`: every variable and what follows from them, to be exported; `problems`: what makes a start impossible;
 *   `warnings`: what is worth saying; `exposed`: others than this machine reach it; `signIn`: there are users
 */
function readEnvironment(env, root, cwd = root) {
  const given = (name) => (env[name] ?? "").trim();
  const values = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, given(name) || value]));
  const problems = [];
  const warnings = [];

  values.TWIN_HOME = given("TWIN_HOME") ? path.resolve(cwd, given("TWIN_HOME")) : path.join(root, defaults.TWIN_HOME);
  values.HOST = values.HOST.replace(/^\[(.*)\]$/, "$1");
  if (values.TWIN_HOME === root)
    problems.push("TWIN_HOME is the project folder itself: choose a folder of its own, such as .node-red.");

  if (values.TWIN_FLOWS) {
    values.TWIN_FLOWS = path.resolve(cwd, values.TWIN_FLOWS);
    if (!existsSync(values.TWIN_FLOWS) || !statSync(values.TWIN_FLOWS).isFile())
      problems.push(`TWIN_FLOWS: there is no file ${values.TWIN_FLOWS}.`);
  }

  for (const name of ["PORT", "TWIN_MQTT_PORT"])
    if (!/^\d{1,5}$/.test(values[name]) || Number(values[name]) < 1 || Number(values[name]) > 65535)
      problems.push(`${name} is "${values[name]}": use a number from 1 to 65535.`);
  if (!values.MQTT_URL && Number(values.PORT) === Number(values.TWIN_MQTT_PORT))
    problems.push(`PORT and TWIN_MQTT_PORT are both ${values.PORT}: the embedded MQTT broker needs a port of its own.`);

  checkUrl("MQTT_URL", ["mqtt:", "mqtts:", "tcp:", "ssl:", "ws:", "wss:"], "mqtt://broker.local:1883");
  checkUrl("INFLUX_URL", ["http:", "https:"], "http://influx.local:8086");
  function checkUrl(name, protocols, example) {
    if (!values[name]) return;
    const url = URL.canParse(values[name]) ? new URL(values[name]) : undefined;
    // Never the value itself: it may hold a password.
    if (!url || !protocols.includes(url.protocol))
      problems.push(
        `${name} is not an address that starts with ${protocols.join("//, ")}//: use one such as ${example}.`,
      );
  }

  if (values.TWIN_ADMIN_PASSWORD_HASH && !/^\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}$/.test(values.TWIN_ADMIN_PASSWORD_HASH))
    problems.push(
      "TWIN_ADMIN_PASSWORD_HASH is not a bcrypt hash: make one with `npm run password`, and put it in single quotes," +
        " because it has $ signs in it.",
    );

  if (values.TWIN_LANG) {
    const wanted = values.TWIN_LANG.replace(/\..*$/, "").replace("_", "-").toLowerCase();
    const known =
      languages.find((language) => language.toLowerCase() === wanted) ??
      languages.find((language) => language.slice(0, 2) === wanted.slice(0, 2));
    if (known) values.TWIN_LANG = known;
    else warnings.push(`TWIN_LANG is ${values.TWIN_LANG}: the pages are in English, for want of a translation.`);
  }

  values.TWIN_BROKER_URL = values.MQTT_URL || `mqtt://127.0.0.1:${values.TWIN_MQTT_PORT}`;
  const exposed = !isLoopback(values.HOST);
  // With a users file (npm run user) pages and editor ask for a sign-in.
  const signIn = existsSync(path.join(values.TWIN_HOME, "users.json"));
  // Beyond loopback, where nobody signs in, anybody may open the pages: they may look, not touch.
  values.TWIN_READ_ONLY = exposed && !signIn ? "true" : "";
  // The demo data: the machine that the shipped flows play reads its recording there.
  values.TWIN_DATA = path.join(root, "examples", "data");
  return { values, exposed, signIn, problems, warnings };
}

/** Language of pages and flows for a value of TWIN_LANG. */
const pageLanguage = (lang) => (languages.includes(lang) ? lang : "en-US");

module.exports = { defaults, languages, pageLanguage, readEnvironment };
