import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Role } from "../../engine/security/roles";
import { peopleLogFile } from "../../security/people-log";
import { usersFile, writeUsers } from "../../security/users-file";
import { account, cookieOf, password } from "../security/site";
import { openPage, type Page } from "./page";
import { type Started, until, useStarts } from "./server";

const at = { z: "tab", x: 1, y: 1 };
const widget = { ...at, group: "group", name: "", topic: "topic", topicType: "msg", wires: [["keep"]] };
const onOff = { onvalue: "true", onvalueType: "bool", offvalue: "false", offvalueType: "bool" };
/** Every message of a page is kept whole, and told at /kept. */
const flows = [
  { id: "tab", type: "tab", label: "Test" },
  { id: "ui", type: "ui-base", name: "MediTwin", path: "/dashboard" },
  { id: "theme", type: "ui-theme", name: "calm", colors: {}, sizes: {} },
  { id: "page", type: "ui-page", name: "Page", ui: "ui", path: "/page", layout: "grid", theme: "theme", order: 1 },
  { id: "group", type: "ui-group", name: "Group", page: "page", width: "6", height: "1", order: 1 },
  { ...widget, id: "button", type: "ui-button", label: "Stop", payload: "pressed", payloadType: "str" },
  { ...widget, id: "slider", type: "ui-slider", label: "Speed", min: 0, max: 10, step: 1, outs: "all" },
  { ...widget, id: "switch", type: "ui-switch", label: "On", ...onOff },
  { ...widget, id: "template", type: "ui-template", format: "<p></p>", templateScope: "local", storeOutMessages: true },
  { ...widget, id: "order", type: "ui-template", format: "<p></p>", templateScope: "local", wires: [["command"]] },
  { ...at, id: "command", type: "twin-command", name: "", role: "engineer", wires: [[], ["told"], ["told"]] },
  {
    ...at,
    id: "told",
    type: "function",
    name: "",
    func: "msg.payload = msg.error ? msg.error.code : 'sent';\nreturn msg;",
    outputs: 1,
    wires: [["keep"]],
  },
  { ...at, id: "events", type: "ui-event", ui: "ui", name: "", wires: [["keep"]] },
  {
    ...at,
    id: "keep",
    type: "function",
    name: "",
    func: "const all = flow.get('all') || [];\nall.push([msg.payload, msg.user ?? null]);\nflow.set('all', all);",
    outputs: 1,
    wires: [[]],
  },
  { ...at, id: "in", type: "http in", name: "", url: "/kept", method: "get", wires: [["tell"]] },
  {
    ...at,
    id: "tell",
    type: "function",
    name: "",
    func: "msg.payload = flow.get('all') || [];\nreturn msg;",
    outputs: 1,
    wires: [["out"]],
  },
  { ...at, id: "out", type: "http response", name: "", wires: [] },
];

describe("npm start, where people sign in", function () {
  this.timeout(60_000);
  const starts = useStarts();

  async function start(env: Record<string, string> = {}): Promise<Started> {
    const roles: [string, Role][] = [
      ["anna", "operator"],
      ["vera", "viewer"],
      ["erik", "engineer"],
      ["quentin", "quality"],
      ["ada", "admin"],
    ];
    writeUsers(usersFile(starts.home()), await Promise.all(roles.map(([name, role]) => account(name, role))));
    const server = await starts.start({ TWIN_FLOWS: starts.put("pages.json", JSON.stringify(flows)), ...env });
    await server.serving();
    return server;
  }
  async function enter({ url }: Started, name: string): Promise<string> {
    const form = new URLSearchParams({ name, password });
    const answer = await fetch(`${url}/dashboard/sign-in`, { method: "POST", body: form, redirect: "manual" });
    assert.equal(answer.status, 303);
    return cookieOf(answer);
  }
  const pageOf = async (server: Started, name: string): Promise<Page> =>
    openPage(server.url, { cookie: await enter(server, name) });
  const kept = async ({ url }: Started): Promise<[unknown, unknown][]> =>
    (await (await fetch(`${url}/kept`)).json()) as [unknown, unknown][];
  const recorded = ({ home }: Started): string => readFileSync(peopleLogFile(home), "utf8");

  it("tells flows who sent a message, by every way there is, and never what the browser says of it", async () => {
    const server = await start();
    const anna = { name: "anna", role: "operator" };
    const erik = { name: "erik", role: "engineer" };
    const [one, two] = [await pageOf(server, "anna"), await pageOf(server, "erik")];
    const forged = { user: { name: "ada", role: "admin" }, _client: { user: { username: "ada" } } };
    await one.say("widget-action", "button", { ...forged });
    await one.say("widget-action", "template", { payload: 1, ...forged });
    await one.say("widget-send", "template", { payload: 2, ...forged });
    await one.say("widget-send", "template", [
      [
        { payload: 3, ...forged },
        { payload: 4, ...forged },
      ],
    ]);
    await one.say("widget-send", "template", "bare");
    await one.say("widget-change", "slider", { payload: 5, ...forged });
    await one.say("widget-change", "switch", true);
    await one.say("ui-event", "events", { payload: 6, ...forged });
    // The slider's last message is anna's; now erik moves it.
    await two.say("widget-change", "slider", 7);
    await until("all of it", async () => (await kept(server)).length === 10);
    assert.deepEqual(await kept(server), [
      ["pressed", anna],
      [1, anna],
      [2, anna],
      [3, anna],
      [4, anna],
      ["bare", anna],
      [5, anna],
      [true, anna],
      [6, anna],
      [7, erik],
    ]);
  });

  it("gives a command to a device for whom the role allows it, and for nobody who only says so", async () => {
    const server = await start();
    const erik = { name: "erik", role: "engineer" };
    const outcomes: unknown[] = [];
    const order = { topic: "press-6", payload: {}, command: "stop", user: erik };
    for (const [name, expected] of [
      ["anna", ["forbidden", { name: "anna", role: "operator" }]],
      ["quentin", ["forbidden", { name: "quentin", role: "quality" }]],
      // The device is told what to do, not who wants it.
      ["erik", ["sent", null]],
    ] as const) {
      await (await pageOf(server, name)).say("widget-send", "order", order);
      outcomes.push(expected);
      await until("an outcome", async () => (await kept(server)).length === outcomes.length);
      assert.deepEqual(await kept(server), outcomes);
    }
  });

  it("tells of nobody where nobody signs in, although the browser does", async () => {
    const server = await starts.start({ TWIN_FLOWS: starts.put("pages.json", JSON.stringify(flows)) });
    await server.serving();
    const page = await openPage(server.url);
    const forged = { payload: 1, user: { name: "ada", role: "admin" } };
    await page.say("widget-send", "template", forged);
    await page.say("widget-change", "slider", { ...forged, payload: 2 });
    await page.say("ui-event", "events", { ...forged, payload: 3 });
    await until("all of it", async () => (await kept(server)).length === 3);
    assert.deepEqual(
      await kept(server),
      [1, 2, 3].map((payload) => [payload, null]),
    );
  });

  it("shows a viewer disabled controls, drops what comes all the same, and records it", async () => {
    const server = await start();
    const states = async (page: Page): Promise<boolean> => {
      const [, config] = (await page.heard("ui-config")) as [
        string,
        { widgets: Record<string, { state: { enabled: boolean } }> },
      ];
      return config.widgets.button?.state.enabled ?? false;
    };
    const [vera, anna] = [await pageOf(server, "vera"), await pageOf(server, "anna")];
    assert.deepEqual([await states(vera), await states(anna)], [false, true]);
    for (const event of ["widget-action", "widget-change", "widget-send"])
      await vera.say(event, event === "widget-change" ? "slider" : "template", { payload: "vera" });
    await vera.say("ui-event", "all", { payload: "vera" });
    await anna.say("widget-action", "button", {});
    await until("anna's", async () => (await kept(server)).length > 0);
    assert.deepEqual(await kept(server), [["pressed", { name: "anna", role: "operator" }]]);
    assert.match(recorded(server), /"event":"not allowed","name":"vera","role":"viewer"/);
  });

  it("tells the pages who is signed in, and nobody else anything", async () => {
    const server = await start();
    const setup = async (cookie = "") => fetch(`${server.url}/dashboard/_setup`, { headers: { cookie } });
    assert.equal((await setup()).status, 401);
    for (const [name, role, readOnly] of [
      ["anna", "operator", false],
      ["vera", "viewer", true],
    ]) {
      const told = (await (await setup(await enter(server, String(name)))).json()) as Record<string, unknown>;
      assert.deepEqual([told.user, told.readOnly], [{ name, role }, readOnly]);
    }
    for (const where of ["", "/page", "/_debug/datastore/slider", "/manifest.webmanifest", "/assets/none.js"])
      assert.equal((await fetch(`${server.url}/dashboard${where}`)).status, 401, where);
  });

  it("lets engineers and the administrator into the editor, and nobody else; a lost role counts at once", async () => {
    const server = await start();
    assert.equal((await fetch(`${server.url}/flows`)).status, 401);
    assert.equal((await fetch(`${server.url}/meditwin/metrics`)).status, 401);
    for (const name of ["vera", "anna", "quentin", "nobody", "admin"])
      assert.equal((await editor(server, name, password)).status, 403, name);
    assert.equal((await editor(server, "erik", "a wrong password")).status, 403);
    assert.equal((await editor(server, "ada", password)).status, 200);
    const { access_token } = (await (await editor(server, "erik", password)).json()) as { access_token: string };
    const ask = (): Promise<Response> =>
      fetch(`${server.url}/flows`, { headers: { Authorization: `Bearer ${access_token}` } });
    assert.equal((await ask()).status, 200);
    assert.match(recorded(server), /"event":"not allowed","name":"quentin","role":"quality","what":"editor"/);
    writeUsers(usersFile(server.home), [await account("erik", "operator"), await account("ada", "admin")]);
    assert.equal((await ask()).status, 401);
  });

  it("still lets admin in with the password of TWIN_ADMIN_PASSWORD_HASH", async () => {
    const hash = "$2b$08$qKEBRtOAja2LvP82cVjAE.UQ3H9qSKvg4Rapi/lXp3JfJWRHe36oG";
    const server = await start({ TWIN_ADMIN_PASSWORD_HASH: hash });
    assert.equal((await editor(server, "admin", "let me in")).status, 200);
    assert.match(recorded(server), /"event":"sign-in","name":"admin","role":"admin","what":"editor/);
    assert.equal((await editor(server, "admin", "wrong")).status, 403);
    assert.equal((await editor(server, "erik", password)).status, 200);
  });

  it("beyond this machine pages may act, and no password for the editor is made", async () => {
    const server = await start({ HOST: "0.0.0.0" });
    await until("the warning", () => server.output().includes("travel unencrypted"));
    assert.doesNotMatch(server.output(), /read-only|admin-password/);
    const page = await pageOf(server, "anna");
    await page.say("widget-action", "button", {});
    await until("it", async () => (await kept(server)).length === 1);
    assert.throws(() => statSync(path.join(server.home, "admin-password")), /ENOENT/);
    assert.equal(statSync(path.join(server.home, "session-secret")).mode & 0o777, 0o600);
  });

  it("keeps people signed in over a restart, with a secret of its own or TWIN_CREDENTIAL_SECRET", async () => {
    const first = await start({ TWIN_CREDENTIAL_SECRET: "a secret of the plant" });
    const cookie = await enter(first, "anna");
    first.signal("SIGTERM");
    await first.ended();
    const second = await start({ TWIN_CREDENTIAL_SECRET: "a secret of the plant" });
    assert.equal((await fetch(`${second.url}/dashboard/_setup`, { headers: { cookie } })).status, 200);
    second.signal("SIGTERM");
    await second.ended();
    const third = await start();
    assert.equal((await fetch(`${third.url}/dashboard/_setup`, { headers: { cookie } })).status, 401);
  });
});

function editor({ url }: Started, username: string, given: string): Promise<Response> {
  return fetch(`${url}/auth/token`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      client_id: "node-red-admin",
      grant_type: "password",
      scope: "*",
      username,
      password: given,
    }),
  });
}
