import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { get } from "node:http";
import { createServer, type Server } from "node:net";
import path from "node:path";
import { projectRoot } from "../flows/project";
import { freePort } from "../support/ports";
import { openPage } from "./page";
import { until, useStarts } from "./server";

/** bcrypt of "let me in". */
const hash = "$2b$08$qKEBRtOAja2LvP82cVjAE.UQ3H9qSKvg4Rapi/lXp3JfJWRHe36oG";

const tab = { id: "tab", type: "tab", label: "Test" };
const ui = [
  { id: "ui", type: "ui-base", name: "MediTwin", path: "/dashboard" },
  { id: "theme", type: "ui-theme", name: "calm", colors: {}, sizes: {} },
  {
    id: "page",
    type: "ui-page",
    name: "Page",
    ui: "ui",
    path: "/page",
    icon: "home",
    layout: "grid",
    theme: "theme",
    order: 1,
  },
  { id: "group", type: "ui-group", name: "Group", page: "page", width: "6", height: "1", order: 1, showTitle: true },
];
/** What the button and the slider sent is kept, and told at /pressed. */
const pages = [
  tab,
  ...ui,
  {
    id: "button",
    type: "ui-button",
    z: "tab",
    group: "group",
    name: "",
    label: "Stop",
    order: 1,
    payload: "pressed",
    payloadType: "str",
    topic: "topic",
    topicType: "msg",
    x: 1,
    y: 1,
    wires: [["keep"]],
  },
  {
    id: "slider",
    type: "ui-slider",
    z: "tab",
    group: "group",
    name: "",
    label: "Speed",
    order: 2,
    min: 0,
    max: 10,
    step: 1,
    outs: "all",
    topic: "topic",
    topicType: "msg",
    x: 1,
    y: 1,
    wires: [["keep"]],
  },
  { id: "events", type: "ui-event", z: "tab", ui: "ui", name: "", x: 1, y: 1, wires: [["keep"]] },
  {
    id: "keep",
    type: "function",
    z: "tab",
    name: "",
    func: "const all = flow.get('all') || [];\nall.push([msg.topic || '', msg.payload]);\nflow.set('all', all);",
    outputs: 1,
    x: 1,
    y: 1,
    wires: [[]],
  },
  { id: "in", type: "http in", z: "tab", name: "", url: "/pressed", method: "get", x: 1, y: 1, wires: [["tell"]] },
  {
    id: "tell",
    type: "function",
    z: "tab",
    name: "",
    func: "msg.payload = flow.get('all') || [];\nreturn msg;",
    outputs: 1,
    x: 1,
    y: 1,
    wires: [["out"]],
  },
  { id: "out", type: "http response", z: "tab", name: "", x: 1, y: 1, wires: [] },
];
const names = [
  "PORT",
  "HOST",
  "TWIN_HOME",
  "TWIN_FLOWS",
  "MQTT_URL",
  "TWIN_MQTT_PORT",
  "INFLUX_URL",
  "TWIN_CREDENTIAL_SECRET",
  "TWIN_ADMIN_PASSWORD_HASH",
  "TWIN_LANG",
  "TWIN_BROKER_URL",
];
const environment = [
  tab,
  { id: "in", type: "http in", z: "tab", name: "", url: "/environment", method: "get", x: 1, y: 1, wires: [["set"]] },
  {
    id: "set",
    type: "change",
    z: "tab",
    name: "",
    rules: names.map((name) => ({ t: "set", p: `payload.${name}`, pt: "msg", to: `\${${name}}`, tot: "str" })),
    x: 1,
    y: 1,
    wires: [["out"]],
  },
  { id: "out", type: "http response", z: "tab", name: "", x: 1, y: 1, wires: [] },
];

const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  });

async function signIn(url: string, password: string): Promise<Response> {
  return post(`${url}/auth/token`, {
    client_id: "node-red-admin",
    grant_type: "password",
    scope: "*",
    username: "admin",
    password,
  });
}

describe("npm start", function () {
  this.timeout(60_000);
  const starts = useStarts();

  it("serves the editor, ends within 5 s of Ctrl-C, and serves again within 10 s with what it kept", async () => {
    const first = await starts.start();
    await first.serving();
    assert.equal((await fetch(first.url)).status, 200);
    for (const line of [`Pages     ${first.url}/dashboard`, `Editor    ${first.url}`, `Data      ${first.home}`])
      assert.ok(first.output().includes(line), `${line} is not in\n${first.output()}`);

    const secret = path.join(first.home, "credential-secret");
    const before = readFileSync(secret, "utf8");
    assert.ok(before.trim().length >= 32);
    assert.equal(statSync(secret).mode & 0o777, 0o600);

    const deployed = [tab, { id: "mine", type: "comment", z: "tab", name: "mine", info: "", x: 80, y: 80, wires: [] }];
    assert.ok((await post(`${first.url}/flows`, deployed)).ok);
    first.signal("SIGINT");
    const { code, afterMs } = await first.ended();
    assert.equal(code, 0, first.output());
    assert.ok(afterMs < 5000, `${afterMs} ms`);

    const began = Date.now();
    const second = await starts.start();
    await second.serving();
    assert.ok(Date.now() - began < 10_000, `${Date.now() - began} ms`);
    assert.equal(readFileSync(secret, "utf8"), before);
    const kept = (await (await fetch(`${second.url}/flows`)).json()) as { id: string }[];
    assert.deepEqual(kept.map(({ id }) => id).sort(), ["mine", "tab"]);
  });

  it("gives flows every variable a value, but no secret", async () => {
    const flows = starts.put("environment.json", JSON.stringify(environment));
    const server = await starts.start({
      TWIN_FLOWS: flows,
      TWIN_CREDENTIAL_SECRET: "not for flows",
      INFLUX_URL: "http://127.0.0.1:9",
    });
    await server.serving();
    const { PORT, TWIN_MQTT_PORT, ...rest } = (await (await fetch(`${server.url}/environment`)).json()) as Record<
      string,
      string
    >;
    assert.equal(`http://127.0.0.1:${PORT}`, server.url);
    assert.deepEqual(rest, {
      HOST: "127.0.0.1",
      TWIN_HOME: server.home,
      TWIN_FLOWS: flows,
      MQTT_URL: "",
      INFLUX_URL: "http://127.0.0.1:9",
      TWIN_CREDENTIAL_SECRET: "",
      TWIN_ADMIN_PASSWORD_HASH: "",
      TWIN_LANG: "",
      TWIN_BROKER_URL: `mqtt://127.0.0.1:${TWIN_MQTT_PORT}`,
    });
    assert.ok(!existsSync(path.join(server.home, "credential-secret")), "a secret was made although one was given");
  });

  it("runs a copy of TWIN_FLOWS in the home folder, and never writes to the file", async () => {
    const text = JSON.stringify(pages);
    const flows = starts.put("my flow.json", text);
    const server = await starts.start({ TWIN_FLOWS: flows });
    await server.serving();
    assert.ok((await post(`${server.url}/flows`, [tab])).ok);
    assert.equal(readFileSync(flows, "utf8"), text);
  });

  describe("when a port is taken", () => {
    let other: Server;
    let port = 0;
    beforeEach(async () => {
      other = createServer();
      port = await freePort();
      await new Promise<void>((resolve) => other.listen(port, "127.0.0.1", resolve));
    });
    afterEach((done) => {
      other.close(() => done());
    });
    for (const variable of ["PORT", "TWIN_MQTT_PORT"])
      it(`names the port and ${variable}, and ends with 1 before it starts anything`, async () => {
        const server = await starts.start({ [variable]: String(port) });
        assert.equal((await server.ended()).code, 1);
        assert.match(server.output(), new RegExp(`Port ${port} is taken.*${variable}=${port + 1} npm start`));
        assert.doesNotMatch(server.output(), /Welcome to Node-RED|at .*\.mjs/);
      });
    it("does not ask for the port of the embedded broker when there is another broker", async () => {
      const server = await starts.start({ TWIN_MQTT_PORT: String(port), MQTT_URL: "mqtt://127.0.0.1:9" });
      await server.serving();
    });
  });

  it("says what is wrong with a variable, without a stack trace, and ends with 1", async () => {
    const server = await starts.start({ PORT: "http" });
    assert.equal((await server.ended()).code, 1);
    assert.equal(server.output(), '[meditwin] PORT is "http": use a number from 1 to 65535.\n');
  });

  it("says so when the home folder is no folder that can be written to", async () => {
    const file = starts.put("a file", "");
    const server = await starts.start({ TWIN_HOME: path.join(file, "home") });
    assert.equal((await server.ended()).code, 1);
    assert.match(server.output(), /TWIN_HOME is .* which cannot be written to \(ENOTDIR\)/);
  });

  it("keeps two of them off one home folder", async () => {
    const first = await starts.start();
    await first.serving();
    const second = await starts.start();
    assert.equal((await second.ended()).code, 1);
    const reset = spawnSync(process.execPath, [path.join(projectRoot, "scripts/flows.mjs"), "reset"], {
      env: { PATH: process.env.PATH, TWIN_HOME: first.home },
      encoding: "utf8",
    });
    assert.equal(reset.status, 1);
    assert.match(reset.stderr, /stop it before a reset/);
    assert.match(
      second.output(),
      new RegExp(`Another MediTwin \\(process ${first.child.pid}, port \\d+\\) is at work on`),
    );
  });

  describe("ends", () => {
    for (const delayMs of [0, 150, 400, 800, 1200])
      it(`within 5 s when it is told to ${delayMs} ms after it began, and leaves nothing running`, async () => {
        const server = await starts.start();
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        server.signal("SIGTERM");
        const { afterMs } = await server.ended();
        assert.ok(afterMs < 5000, `${afterMs} ms\n${server.output()}`);
        await assert.rejects(fetch(server.url));
      });

    for (const [signal, expected] of [
      ["SIGINT", 0],
      ["SIGTERM", 0],
      ["SIGKILL", null],
    ] as const)
      it(`when npm alone gets ${signal}, and nothing is left running`, async () => {
        const server = await starts.start({}, ["npm", "start"]);
        await server.serving();
        server.signal(signal);
        const { code, afterMs } = await server.ended();
        assert.equal(code, expected, server.output());
        assert.ok(afterMs < 5000, `${afterMs} ms`);
        await assert.rejects(fetch(server.url));
      });

    it("within 5 s although a node never closes", async () => {
      mkdirSync(path.join(starts.home(), "nodes"));
      starts.put(
        "nodes/stuck.js",
        `module.exports = (RED) => RED.nodes.registerType("stuck", function (n) { RED.nodes.createNode(this, n); this.on("close", (done) => {}); });`,
      );
      starts.put("nodes/stuck.html", `<script>RED.nodes.registerType("stuck", { defaults: {} });</script>`);
      starts.put("flows.json", JSON.stringify([tab, { id: "stuck", type: "stuck", z: "tab", x: 1, y: 1, wires: [] }]));
      const server = await starts.start();
      await server.serving();
      server.signal("SIGINT");
      const { code, afterMs } = await server.ended();
      assert.ok(afterMs < 5000, `${afterMs} ms`);
      assert.equal(code, 0);
      assert.match(server.output(), /did not end in time/);
    });

    it("with kill -9, and a start right after that waits for what is still closing", async () => {
      const first = await starts.start();
      await first.serving();
      const { port } = new URL(first.url);
      first.signal("SIGKILL");
      const second = await starts.start({ PORT: port });
      await second.serving();
      assert.equal((await fetch(second.url)).status, 200);
    });

    it("with an exit code that is not 0 when Node-RED ends by itself", async () => {
      mkdirSync(path.join(starts.home(), "nodes"));
      starts.put("nodes/fragile.js", "module.exports = () => setTimeout(() => { throw new Error('broken'); }, 300);");
      starts.put("nodes/fragile.html", "");
      const server = await starts.start();
      assert.equal((await server.ended()).code, 1);
      assert.match(server.output(), /Uncaught Exception/);
    });
  });

  describe("on this machine only, without a password", () => {
    it("lets the pages act", async () => {
      const server = await starts.start({ TWIN_FLOWS: starts.put("pages.json", JSON.stringify(pages)) });
      await server.serving();
      assert.equal((await fetch(`${server.url}/dashboard`)).status, 200);
      const page = await openPage(server.url);
      const [, config] = (await page.heard("ui-config")) as [
        string,
        { widgets: Record<string, { state: { enabled: boolean } }> },
      ];
      assert.equal(config.widgets.button?.state.enabled, true);
      await page.say("widget-action", "button", {});
      await page.say("widget-change", "slider", 7);
      const pressed = await (await fetch(`${server.url}/pressed`)).json();
      assert.deepEqual(pressed, [
        ["", "pressed"],
        ["", 7],
      ]);
    });

    it("answers to no name but this machine's, and to no other site's pages", async () => {
      const server = await starts.start({ TWIN_FLOWS: starts.put("pages.json", JSON.stringify(pages)) });
      await server.serving();
      assert.equal(await statusUnder(server.url, "evil.example"), 403);
      assert.equal(await statusUnder(server.url, `localhost:${new URL(server.url).port}`), 200);
      await assert.rejects(openPage(server.url, { Origin: "http://evil.example" }), /not from this site/);
      await openPage(server.url, { Origin: server.url });
    });
  });

  describe("beyond this machine", () => {
    const exposed = { HOST: "0.0.0.0" };

    it("without a password: warns, and asks for one that was made once", async () => {
      const server = await starts.start(exposed);
      await server.serving();
      await until("the warning", () => server.output().includes("read-only"));
      assert.match(server.output(), /Warning: HOST is 0\.0\.0\.0.*TWIN_ADMIN_PASSWORD_HASH is not set/);
      const file = path.join(server.home, "admin-password");
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal((await fetch(`${server.url}/flows`)).status, 401);
      assert.equal((await post(`${server.url}/flows`, [])).status, 401);
      assert.equal((await signIn(server.url, "guess")).status, 403);
      const { access_token } = (await (await signIn(server.url, readFileSync(file, "utf8").trim())).json()) as {
        access_token: string;
      };
      const answer = await fetch(`${server.url}/flows`, { headers: { Authorization: `Bearer ${access_token}` } });
      assert.equal(answer.status, 200);
      server.signal("SIGTERM");
      await server.ended();
      const before = readFileSync(file, "utf8");
      const again = await starts.start(exposed);
      await again.serving();
      assert.equal(readFileSync(file, "utf8"), before);
    });

    it("shows the pages, with controls disabled, and drops whatever they send", async () => {
      const server = await starts.start({ ...exposed, TWIN_FLOWS: starts.put("pages.json", JSON.stringify(pages)) });
      await server.serving();
      await until("the warning", () => server.output().includes("the pages are read-only"));
      const page = await openPage(server.url);
      const [, config] = (await page.heard("ui-config")) as [
        string,
        { widgets: Record<string, { state: { enabled: boolean } }> },
      ];
      assert.equal(config.widgets.button?.state.enabled, false);
      await page.say("widget-action", "button", {});
      await page.say("widget-change", "slider", 7);
      await page.say("widget-send", "slider", { payload: 8 });
      await page.say("ui-event", "all", { topic: "stop the press", payload: "now" });
      await page.say("ui-event", "events", {
        topic: "$pageview",
        payload: { page: { id: "page", name: "Page" }, more: "smuggled" },
      });
      await page.say("widget-load", "slider");
      const [, state] = (await page.heard("widget-load:slider")) as [unknown, { enabled: boolean }];
      assert.equal(state.enabled, false);
      const pressed = (await (await fetch(`${server.url}/pressed`)).json()) as [string, unknown][];
      assert.deepEqual(pressed, [["$pageview", { page: { id: "page", name: "Page" } }]]);
    });
  });

  it("with TWIN_ADMIN_PASSWORD_HASH the editor asks for that password, and any name will do", async () => {
    const server = await starts.start({ TWIN_ADMIN_PASSWORD_HASH: hash });
    await server.serving();
    assert.doesNotMatch(server.output(), /Warning: HOST/);
    assert.equal((await fetch(`${server.url}/flows`)).status, 401);
    assert.equal((await signIn(server.url, "wrong")).status, 403);
    assert.equal((await signIn(server.url, "let me in")).status, 200);
    assert.equal(await statusUnder(server.url, "plant-pc"), 200);
    assert.ok(!existsSync(path.join(server.home, "admin-password")));
  });

  it("makes nothing known to the outside: no telemetry, no palette to install from", async () => {
    const server = await starts.start();
    await server.serving();
    const settings = (await (await fetch(`${server.url}/settings`)).json()) as {
      externalModules: Record<"palette" | "modules", Record<string, boolean>>;
      telemetryEnabled: boolean;
      editorTheme: { palette: { catalogues: string[] } };
    };
    const { palette, modules } = settings.externalModules;
    assert.deepEqual([palette.allowInstall, palette.allowUpload, modules.allowInstall], [false, false, false]);
    assert.equal(settings.telemetryEnabled, false);
    assert.deepEqual(settings.editorTheme.palette.catalogues, []);
    assert.match(await (await fetch(server.url)).text(), /<title>MediTwin<\/title>/);
  });

  it("loads this package and the dashboard once each, wherever the home folder is", async () => {
    const server = await starts.start();
    await server.serving();
    const nodes = (await (await fetch(`${server.url}/nodes`, { headers: { Accept: "application/json" } })).json()) as {
      module: string;
      types: string[];
      err?: string;
    }[];
    assert.deepEqual(
      nodes.filter(({ err }) => err).map(({ types, err }) => `${types}: ${err}`),
      [],
    );
    const types = nodes.flatMap((node) => node.types.map((type) => ({ type, module: node.module })));
    const states = types.filter(({ type }) => type === "twin-state");
    assert.deepEqual(states, [{ type: "twin-state", module: "@meditwin/node-red-twin" }]);
    assert.deepEqual(types.filter(({ type }) => type === "ui-chart").length, 1);
    assert.equal((await fetch(`${server.url}/icons/@meditwin/node-red-twin/twin-state.svg`)).status, 200);
    const examples = JSON.stringify(
      await (await fetch(`${server.url}/library/examples/flows/@meditwin/node-red-twin/`)).json(),
    );
    assert.match(examples, /twin-state/);
  });
});

/** HTTP status under another name; fetch does not let a caller choose the Host header. */
function statusUnder(url: string, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on("error", reject);
  });
}
