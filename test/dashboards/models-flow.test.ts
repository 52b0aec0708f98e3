import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { runInNewContext } from "node:vm";
import { warningTexts } from "../../engine/learning/warning";
import { projectRoot } from "../flows/project";

type Msg = Record<string, unknown>;
type Context = Map<string, unknown>;
const nodes = ["dashboards/60-models.json", "flows/30-models.json"].flatMap(
  (file) =>
    JSON.parse(readFileSync(path.join(projectRoot, file), "utf8")) as {
      id: string;
      name: string;
      func: string;
      format: string;
    }[],
);

/** Runs a function node, as it is shipped, with a flow context of its own. What it gives is a message or a list of them, an output each. */
function run(id: string, msg: Msg, flow: Context = new Map()): (Msg | null)[] {
  const source = nodes.find((node) => node.id === id)?.func ?? "";
  const context = {
    msg: { _msgid: "m", _client: { socketId: "s" }, ...msg },
    flow: { get: (key: string) => flow.get(key), set: (key: string, value: unknown) => flow.set(key, value) },
    env: { get: () => "/home" },
    node: { warn: () => undefined },
  };
  const out = runInNewContext(`(() => {${source}\n})()`, context) as unknown;
  return JSON.parse(JSON.stringify(Array.isArray(out) ? out : [out ?? null])) as (Msg | null)[];
}
const firstOutput = (out: (Msg | null)[]): number => out.findIndex((one) => one !== null);

describe("a decision on the Models page", () => {
  const payload = { name: "hardness", version: 3, reason: " good ", asked: 7 };
  const champion = (version: number): Context => new Map([["models", { hardness: { champion: version } }]]);
  const decide = (topic: string, user?: Msg, more: Msg = {}, flow = champion(3)): (Msg | null)[] =>
    run("models-page-decide", { topic, payload: { ...payload, ...more }, user }, flow);

  // Outputs: 0 quality approves, 1 engineers promote, 2 quality promotes, 3 nobody signs in. The node behind it has the role.
  const ways: [string, string | undefined, number][] = [
    ["approve", "quality", 0],
    ["approve", "engineer", 0],
    ["approve", "operator", 0],
    ["promote", "engineer", 1],
    ["promote", "admin", 1],
    ["promote", "operator", 1],
    ["promote", "made up", 1],
    ["promote", "quality", 2],
    ["retire", "quality", 2],
    ["rollback", "engineer", 1],
    ["approve", undefined, 3],
    ["promote", undefined, 3],
  ];
  for (const [topic, role, output] of ways)
    it(`${topic} of ${role ?? "nobody who signed in"} goes to output ${output + 1}, with who and why`, () => {
      const user = role ? { name: "x", role } : undefined;
      const out = decide(topic, user);
      assert.equal(firstOutput(out), output);
      const order = out[output] as Msg & { registry: Msg };
      assert.deepEqual([order.registry.operation, order.registry.modelName], [topic, "hardness"]);
      assert.deepEqual([order.version, order.reason, order.user], [3, "good", user]);
    });
  it("nodes behind the outputs ask for the roles and reasons that the page tells of", () => {
    const settings = (id: string): unknown[] => {
      const { role, requireReason, requireApproval } = nodes.find((node) => node.id === id) as unknown as Msg;
      return [role, requireReason, requireApproval];
    };
    assert.deepEqual(settings("models-page-approve"), ["quality", true, false]);
    assert.deepEqual(settings("models-page-engineers"), ["engineer", true, true]);
    assert.deepEqual(settings("models-page-quality"), ["quality", true, true]);
    assert.deepEqual(settings("models-page-open"), ["", true, true]);
  });
  it("goes nowhere when it is none, or of nothing", () => {
    for (const topic of ["delete", "import", "export", "look", "__proto__"]) assert.deepEqual(decide(topic), [null]);
    for (const wrong of [{ version: "champion" }, { version: 0 }, { version: 1.5 }, { name: "" }, { name: {} }])
      assert.deepEqual(decide("approve", undefined, wrong), [null]);
  });
  it("points no alias but champion and challenger", () => {
    const alias = (given: unknown): unknown =>
      ((decide("promote", undefined, { alias: given })[3] as Msg).registry as Msg).alias;
    assert.deepEqual([alias("challenger"), alias("champion"), alias("shadow")], ["challenger", undefined, undefined]);
  });
  it("rolls back only from the champion that the page has seen", () => {
    const out = decide("rollback", { name: "e", role: "engineer" }, {}, champion(4));
    assert.equal(firstOutput(out), 4);
    assert.deepEqual((out[4] as Msg).error, { code: "version-conflict" });
  });
});

describe("a look of the Models page", () => {
  const look = (payload: Msg, flow?: Context, topic = "look"): (Msg | null)[] =>
    run("models-page-ask", { topic, payload: { name: "x", version: 2, asked: 1, ...payload } }, flow);
  it("only reads", () => {
    const [get] = look({ what: "version" });
    assert.deepEqual((get as Msg).registry, { operation: "get", modelName: "x", version: 2 });
    const [compare] = look({ what: "compare", with: 1 });
    assert.deepEqual((compare as Msg).registry, { operation: "compare", modelName: "x", version: 2, with: 1 });
    for (const what of ["promote", "delete", undefined]) assert.deepEqual(look({ what }), [null]);
    assert.deepEqual(look({ what: "version" }, undefined, "promote"), [null]);
    for (const wrong of [{ version: -1 }, { version: "1" }, { name: "" }, { what: "compare", with: "champion" }])
      assert.deepEqual(look({ what: "version", ...wrong }), [null]);
  });
  it("waits when four are under way, and not for ever", () => {
    const flow: Context = new Map();
    for (let i = 0; i < 4; i++) assert.ok(look({ what: "version" }, flow)[0]);
    const [go, answer] = look({ what: "version" }, flow);
    assert.deepEqual([go, ((answer as Msg).payload as Msg).busy], [null, true]);
    flow.set(
      "underWay",
      (flow.get("underWay") as { at: number }[]).map((one) => ({ ...one, at: one.at - 60_000 })),
    );
    assert.ok(look({ what: "version" }, flow)[0]);
  });
  it("is answered to the page that asked, with no more than it can show", () => {
    const report = {
      predictions: Array.from({ length: 500 }, (_, i) => ({ actual: i, predicted: i })),
      coefficients: Array.from({ length: 5000 }, () => ({})),
    };
    const ask = { what: "version", name: "x", version: 2, asked: 1, id: "m" };
    const [answer] = run("models-page-answer", { ask, payload: { report, events: new Array(5000).fill({}) } });
    assert.deepEqual((answer as Msg)._client, { socketId: "s" });
    const shown = (answer as Msg).payload as { report: Record<string, unknown[]>; events: unknown[] };
    assert.deepEqual(
      [shown.report.predictions?.length, shown.report.coefficients?.length, shown.events.length],
      [250, 100, 60],
    );
  });
  it("has the model listed anew whose version turns out to be damaged", () => {
    const ask = { what: "version", name: "x", version: 2, asked: 1, id: "m" };
    const [answer, again] = run("models-page-answer", { ask, error: { code: "damaged", message: "No.", source: {} } });
    assert.deepEqual(((answer as Msg).payload as Msg).error, { code: "damaged", message: "No." });
    const [listed] = run("models-page-which", again as Msg);
    assert.deepEqual((listed as Msg).registry, { modelName: "x" });
    const [, none] = run("models-page-answer", { ask, error: { code: "not-found", message: "No." } });
    assert.equal(none, null);
  });
});

describe("the list of the Models page", () => {
  const version = (name: string, number: number, aliases: string[] = []): Msg => ({
    name,
    version: number,
    createdAt: 1,
    aliases,
    report: {
      algorithm: "linear",
      task: name === "classes" ? "classification" : "regression",
      target: "y",
      metrics: { rmse: 2, f1: 0.7, accuracy: 0.97 },
      baseline: { rmse: 3, f1: 0, accuracy: 0.96 },
      gate: { text: "", passed: true, failed: [] },
    },
  });
  type Listed = { name: string; champion: number | null; older: number; versions: Msg[] };
  const list = (payload: Msg[], flow?: Context, modelName?: string): Listed[] =>
    ((run("models-page-view", { payload, registry: { modelName } }, flow)[0] as Msg).payload as { models: Listed[] })
      .models;
  const of = (models: Listed[], name: string): Listed => models.find((one) => one.name === name) as Listed;

  it("has every model of the registry, also those of other flows, and those that are still to be trained", () => {
    const models = list([version("mine", 2), version("mine", 1, ["champion"])]);
    assert.deepEqual([of(models, "mine").champion, of(models, "mine").versions.length], [1, 2]);
    assert.deepEqual(of(models, "machine-failure").versions, []);
  });
  it("never judges classes by accuracy first", () => {
    assert.deepEqual(of(list([version("classes", 1)]), "classes").versions[0]?.headline, {
      metric: "f1",
      value: 0.7,
      naive: 0,
    });
  });
  it("shows the newest, and the champion however old it is", () => {
    const versions = Array.from({ length: 100 }, (_, i) => version("mine", 100 - i, i === 99 ? ["champion"] : []));
    const { versions: shown, older, champion } = of(list(versions), "mine");
    assert.deepEqual([shown.length, older, champion, shown.at(-1)?.version], [41, 59, 1, 1]);
  });
  it("knows which version the champion was taken back from, and not that of another alias", () => {
    const back = (alias: string): Msg => ({ ...version("mine", 2), rolledBack: { at: 1, alias } });
    const shown = (alias: string): unknown => of(list([back(alias)]), "mine").versions[0]?.rolledBack;
    assert.deepEqual([shown("champion"), shown("challenger")], [{ at: 1, alias: "champion" }, undefined]);
  });
  it("renews one model, and forgets one that is gone", () => {
    const flow: Context = new Map();
    list([version("mine", 1), version("yours", 1)], flow);
    assert.equal(of(list([version("mine", 2), version("mine", 1)], flow, "mine"), "mine").versions.length, 2);
    assert.equal(of(list([], flow, "mine"), "mine"), undefined);
    assert.equal(of(list([], flow, "mine"), "yours").versions.length, 1);
  });
});

describe("the trainings on the Models page", () => {
  type Job = { state: string; by?: string; code?: string; message?: string; done: number; waiting: number };
  const flow: Context = new Map();
  const hear = (msg: Msg): { job: Job; kept: Record<string, Job> | undefined } => {
    const [told, file] = run("models-page-jobs", { name: "x", ...msg }, flow);
    const text = (file as { payload: string } | null | undefined)?.payload;
    return { job: (told as { jobs: Record<string, Job> }).jobs.x as Job, kept: text ? JSON.parse(text) : undefined };
  };
  const progress = (state: string, more: Msg = {}): Msg => ({
    kind: "progress",
    payload: { model: "x", state, done: 0, waiting: 0, ...more },
  });
  beforeEach(() => flow.clear());

  it("are kept when their state changes, and not before it is known what was kept", () => {
    assert.equal(hear(progress("preparing")).kept, undefined);
    assert.equal(hear({ payload: undefined }).kept?.x?.state, "preparing");
    assert.equal(hear(progress("training", { done: 0.1 })).kept?.x?.state, "training");
    assert.equal(hear(progress("training", { done: 0.2 })).kept, undefined);
  });
  it("go on when another one queues, and tell who ordered them", () => {
    hear({ ...progress("training", { done: 0.4 }), user: { name: "erik" } });
    const { job } = hear({ ...progress("queued", { waiting: 1 }) });
    assert.deepEqual([job.state, job.done, job.waiting, job.by], ["training", 0.4, 1, "erik"]);
  });
  it("say why one failed, was refused or cancelled", () => {
    hear(progress("failed"));
    const failed = hear({ kind: "failed", error: { code: "worker-failed", message: "The training failed." } }).job;
    assert.deepEqual([failed.state, failed.code, failed.message], ["failed", "worker-failed", "The training failed."]);
    assert.equal(hear({ kind: "refused", error: { code: "cancelled" } }).job.state, "cancelled");
    assert.equal(hear({ kind: "refused", error: { code: "gate-failed" }, payload: {} }).job.state, "refused");
  });
  it("that a crash, a restart or a deploy ended say so", () => {
    const kept = JSON.stringify({ x: { state: "training", done: 0.5 }, y: { state: "done" } });
    assert.equal(hear({ payload: kept }).job.state, "interrupted");
    hear(progress("training"));
    assert.equal(hear({ kind: "started" }).job.state, "interrupted");
    assert.equal(hear({ payload: "{ torn" }).job.state, "interrupted");
  });
  it("are ordered by engineers, to serve when somebody promotes them", () => {
    const order = (role?: string): (Msg | null)[] =>
      run("models-page-click", { topic: "train", payload: "hardness-linear", ...(role ? { user: { role } } : {}) });
    for (const role of ["engineer", "admin", undefined])
      assert.deepEqual((order(role)[0] as Msg).train, { promote: "never" });
    for (const role of ["quality", "operator", "viewer"]) {
      const [go, answer] = order(role);
      assert.equal(go, null);
      assert.deepEqual(((answer as Msg).payload as Msg).error, { code: "forbidden" });
    }
    assert.deepEqual(run("models-page-click", { topic: "train", payload: "another" }), [null]);
  });
  it("begin at a start for models that the registry has nothing of, and these serve", () => {
    const [orders] = run("models-missing", { payload: [{ name: "hardness-linear" }, { name: "mine" }] }) as unknown as [
      { name: string; train: Msg }[],
    ];
    assert.deepEqual(
      orders.map(({ name }) => name),
      ["ejection-first-half", "ejection-second-half", "hardness-forest", "machine-failure"],
    );
    assert.ok(orders.every(({ train }) => train.promote === "always"));
  });
});

describe("the drift on the Models page", () => {
  it("is that of the node's model, told no more often than eyes follow", () => {
    const flow: Context = new Map();
    const drift = { version: 2, rows: 600, inputs: Array.from({ length: 9 }, () => ({ feature: "x", psi: 0.3 })) };
    const status = { drift, source: { id: "twin-predict-first" } };
    const [told] = run("models-page-drift", { status }, flow) as [{ drifts: Record<string, { inputs: unknown[] }> }];
    assert.equal(told.drifts["ejection-second-half"]?.inputs.length, 5);
    assert.deepEqual(run("models-page-drift", { status }, flow), [null]);
    assert.ok(run("models-page-drift", { status: { ...status, drift: { ...drift, version: 3 } } }, flow)[0]);
    for (const other of [undefined, { drift }, { drift, source: { id: "constructor" } }, { source: status.source }])
      assert.deepEqual(run("models-page-drift", { status: other }, new Map()), [null]);
  });
});

describe("the judgement on the Models page", () => {
  type Computed = Record<string, (this: object, ...given: unknown[]) => unknown>;
  const { format } = nodes.find(({ name, format: html }) => name === "Models" && html?.includes("<script>"))!;
  const source = /<script>\s*export default ([\s\S]*?);\s*<\/script>/.exec(format)![1]!;
  const page = runInNewContext(`(${source})`) as { data(): Msg; computed: Computed; methods: Computed };
  /** All that the page computes of a version, as it is shipped, but for what a comparison and cross-validation need. */
  function computed(report: Msg): Msg {
    const version = { version: 1, aliases: [], headline: { metric: "f1", value: null, naive: null } };
    const view: Msg = {
      ...page.methods,
      ...page.data(),
      ...{ setup: {}, chosen: "m", version: 1, models: [{ name: "m", champion: null, versions: [version] }] },
      judged: { name: "m", version: 1, bytes: 9000, events: [], report },
    };
    for (const [name, read] of Object.entries(page.computed))
      if (!["compared", "cvHead"].includes(name))
        Object.defineProperty(view, name, { get: () => read.call(view), enumerable: true });
    return JSON.parse(JSON.stringify(view)) as Msg;
  }

  it("says in words of its own what a leak's text says, and shows the text of what it does not know", () => {
    const known = [
      { kind: "target", values: { target: "y", by: "correlation", is: 0.99912 } },
      { kind: "target", values: { target: "y", by: "rank-correlation", is: 0.99912 } },
      { kind: "target", values: { target: "y", by: "variance", is: 0.9991 } },
      { kind: "target", values: { target: "y", by: "lambda", is: 0.995 } },
      { kind: "target", values: { target: "y", rows: 40, label: "bad" } },
      { kind: "id", values: {} },
      { kind: "future", values: {} },
      { kind: "future", values: { target: "y", is: 0.999953 } },
      { kind: "group", values: { groups: 3, of: 12 } },
      { kind: "duplicates", values: { rows: 30, of: 80 } },
    ];
    const leaks = [
      ...known.map((leak, i) => ({ ...leak, column: "x", text: `Text ${i}.` })),
      { kind: "id", column: "x", text: "Of an earlier report." },
      { kind: "tide", column: "x", text: "Of a later one.", values: { rows: 3 } },
    ];
    const report = {
      ...{ algorithm: "linear", task: "regression", engine: "meditwin", target: "y", features: ["x"], dataHash: "" },
      ...{ imported: { from: "x" }, leaks, warnings: [...leaks.map(({ text }) => text), "Another one."] },
    };
    const shown = computed(report).warnings as { isOwn?: boolean; text: string }[];
    assert.deepEqual(
      shown.map(({ isOwn }) => isOwn === true),
      [...known.map(() => true), false, false, false],
    );
    for (const { text } of shown.slice(0, known.length)) assert.doesNotMatch(text, /[{}]|undefined|NaN|Text/);
    assert.match(shown[2]!.text, /99\.9 %/);
    assert.deepEqual(
      shown.slice(known.length).map(({ text }) => text),
      ["Of an earlier report.", "Of a later one.", "Another one."],
    );
  });

  it("has words of its own for every notice of the engine, with all that they name", () => {
    const notices = Object.entries(warningTexts).map(([code, text]) => ({
      code,
      text: `Text of ${code}.`,
      values: Object.fromEntries([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, `"${name}"`])),
    }));
    const report = {
      ...{ algorithm: "linear", task: "regression", engine: "meditwin", target: "y", features: ["x"], dataHash: "" },
      ...{ imported: { from: "x" }, notices: [...notices, { code: "tide", values: {}, text: "Of a later one." }] },
      warnings: [...notices.map(({ text }) => text), "Of a later one.", "Another one."],
    };
    const shown = computed(report).warnings as { kind: string; isOwn?: boolean; text: string }[];
    assert.deepEqual(
      shown.map(({ kind, isOwn }) => [kind, isOwn === true]),
      [...notices.map(({ code }) => [code, true]), ["tide", false], ["other", false]],
    );
    for (const { text } of shown) assert.doesNotMatch(text, /[{}]|undefined|Text of/);
  });

  it("no version waits that was rolled back", () => {
    const version = (number: number, more: Msg = {}): Msg => ({ version: number, gate: { passed: true }, ...more });
    const waits = (versions: Msg[]): unknown => page.methods.waits!({ champion: 1, versions });
    assert.equal(waits([version(3), version(2), version(1)]), 3);
    assert.equal(waits([version(3, { rolledBack: { at: 1 } }), version(2), version(1)]), 2);
    assert.equal(waits([version(2, { rolledBack: { at: 1 } }), version(1)]), 0);
  });

  it("is left out of a model that was trained elsewhere", () => {
    const report = {
      ...{ engine: "ml-random-forest", target: "y", features: ["x"], dataHash: "", warnings: ["No metrics."] },
      imported: { from: "ml-random-forest" },
    };
    const numbers = computed({ ...report, algorithm: "forest-regressor", task: "regression" });
    assert.deepEqual([numbers.metrics, numbers.scatter, numbers.bars], [[], null, []]);
    const shown = computed({ ...report, algorithm: "forest-classifier", task: "classification" });
    assert.deepEqual(shown.sentences, ["It was trained elsewhere, and nobody has judged it here."]);
    assert.deepEqual([shown.metrics, shown.confusion, shown.perClass], [[], null, []]);
    const facts = shown.facts as { label: string; value: string }[];
    assert.equal(facts.find(({ label }) => label === "Imported from")?.value, "ml-random-forest");
    assert.deepEqual(
      facts.filter(({ value }) => /undefined|NaN/.test(value)),
      [],
    );
  });
});
