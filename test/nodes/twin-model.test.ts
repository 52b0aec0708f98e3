import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TwinDocument } from "../../engine/contract/document";
import type { RefusalInfo } from "../../engine/contract/errors";
import { reportSample } from "../../engine/twin/report";
import { migrateStored, migratingTwins } from "../../nodes/lib/migrating-twins";
import { SettingError } from "../../nodes/lib/settings";
import { readTwinModelSettings } from "../../nodes/twin-model/twin-model.settings";
import { openEmbeddedStore } from "../../nodes/twin-store/embedded";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";
import { migrateAndKill, secondVersion } from "./twin-model.migrator";

describe("the settings of a twin-model", () => {
  const read = (...properties: Record<string, unknown>[]) => readTwinModelSettings({ model: "press", properties });

  it("are read with their defaults", () => {
    const { properties, derived, migrations, version } = read(
      { name: "speed" },
      { name: "half", expression: " speed / 2 " },
    );
    assert.deepEqual(properties.get("speed"), {
      name: "speed",
      type: "number",
      unit: "",
      writable: false,
      tolerance: 0,
      class: "internal",
      label: "speed",
      offset: 0,
      gain: 1,
    });
    assert.deepEqual([derived?.map(({ spec }) => spec.name), migrations, version], [["half"], [], 1]);
  });

  const refused: [string, Record<string, unknown>[], string, RegExp][] = [
    ["min above max", [{ name: "a" }, { name: "b", min: 5, max: 1 }], "properties[1].min", /b: it is above max \(1\)/],
    ["lsl above usl", [{ name: "b", lsl: 5, usl: 1 }], "properties[0].lsl", /above usl/],
    [
      "a target beyond the specification",
      [{ name: "b", lsl: 1, target: 9, usl: 5 }],
      "properties[0].target",
      /above usl/,
    ],
    ["a specification beyond the range", [{ name: "b", min: 2, lsl: 1 }], "properties[0].min", /above lsl/],
    ["a usl above max", [{ name: "b", usl: 12, max: 10 }], "properties[0].usl", /above max/],
    ["limits of a text", [{ name: "b", type: "string", max: 10 }], "properties[0].max", /belongs to numbers/],
    [
      "the calibration of a boolean",
      [{ name: "b", type: "boolean", gain: 2 }],
      "properties[0].gain",
      /belongs to numbers/,
    ],
    ["the calibration of an integer", [{ name: "b", type: "integer", gain: 2 }], "properties[0].type", /use number/],
    ["gain 0", [{ name: "b", gain: 0 }], "properties[0].gain", /another than 0/],
    ["a date that is none", [{ name: "b", calibrationDue: "soon" }], "properties[0].calibrationDue", /2027-03-31/],
    ["a name twice", [{ name: "b" }, { name: "b" }], "properties[1].name", /twice/],
    [
      "an unknown name",
      [{ name: "b" }, { name: "c", expression: "b + d" }],
      "properties[1].expression",
      /c: Character 5.*"d"/,
    ],
    [
      "a circle",
      [
        { name: "b", expression: "c" },
        { name: "c", expression: "b" },
      ],
      "properties[0].expression",
      /b needs c needs b/,
    ],
    [
      "a derived value of another type",
      [{ name: "b" }, { name: "c", type: "boolean", expression: "b" }],
      "properties[1].expression",
      /true or false/,
    ],
    [
      "a writable derived property",
      [{ name: "b" }, { name: "c", expression: "b", writable: true }],
      "properties[1].writable",
      /derived/,
    ],
    [
      "a calibrated derived property",
      [{ name: "b" }, { name: "c", expression: "b", offset: 1 }],
      "properties[1].offset",
      /derived/,
    ],
    [
      "more than 2,000 properties",
      Array.from({ length: 2001 }, (_, k) => ({ name: `p${k}` })),
      "properties",
      /2000 or fewer/,
    ],
  ];
  for (const [what, properties, field, says] of refused) {
    it(`refuse ${what}, naming row and fix`, () => {
      assert.throws(
        () => read(...properties),
        (error: unknown) => error instanceof SettingError && error.field === field && says.test(error.message),
      );
    });
  }

  const steps: [string, unknown, RegExp][] = [
    ["no object", ["a"], /migrations\[0\].*give/],
    ["no version", [{ rename: {} }], /migrations\[0\]\.to/],
    ["a version beyond the model's", [{ to: 4 }], /use 3 or less/],
    ["one version twice", [{ to: 2 }, { to: 2 }], /twice/],
    ["an unknown key", [{ to: 2, renamed: {} }], /renamed/],
    ["a bad name", [{ to: 2, remove: ["a\nb"] }], /remove/],
    ["two names that become one", [{ to: 2, rename: { x: "speed", y: "speed" } }], /cannot become one/],
    ["a new name that the model does not have", [{ to: 2, rename: { x: "spede" } }], /check the spelling/],
    ["a scale without numbers", [{ to: 2, scale: { speed: 5 } }], /gain, offset/],
  ];
  for (const [what, migrations, says] of steps) {
    it(`refuse a migration with ${what}`, () => {
      assert.throws(
        () => readTwinModelSettings({ version: 3, properties: [{ name: "speed" }], migrations }),
        (error: unknown) => error instanceof SettingError && says.test(error.message),
      );
    });
  }

  it("take a name that a later step takes on or away", () => {
    const { migrations } = readTwinModelSettings({
      version: 3,
      properties: [{ name: "speed" }],
      migrations: [
        { to: 3, rename: { y: "speed" }, remove: ["z"] },
        { to: 2, rename: { x: "y", w: "z" } },
      ],
    });
    assert.deepEqual(
      migrations?.map(({ to }) => to),
      [2, 3],
    );
  });
});

const out: FlowNode[] = [
  { id: "out", type: "helper" },
  { id: "refused", type: "helper" },
];
const press = (settings: Record<string, unknown>): FlowNode => ({
  id: "press-model",
  type: "twin-model",
  model: "press",
  ...settings,
});
const state = (id: string, operation: string): FlowNode => ({
  id,
  type: "twin-state",
  operation,
  model: "press-model",
  wires: [["out"], ["refused"]],
});

async function documentOf(flow: LoadedFlow, id: string): Promise<TwinDocument> {
  flow.send("get", { topic: id });
  return (await flow.next("out")).payload as TwinDocument;
}

describe("a twin-model in a flow", () => {
  const runtime = useRuntime();
  const model = press({
    properties: [
      { name: "force", unit: "kN", gain: 2, offset: -1, min: 0, max: 50, calibrationDue: "2020-01-01" },
      { name: "area" },
      { name: "pressure", unit: "MPa", expression: "1000 * force / area" },
    ],
  });

  it("calibrates once on the way through ingest, clean, ingest and state, and derives from the calibrated value", async () => {
    const flow = await runtime.load(
      ["twin-ingest", "twin-clean", "twin-state"],
      [
        model,
        { id: "in", type: "twin-ingest", model: "press-model", wires: [["clean"], ["refused"]] },
        { id: "clean", type: "twin-clean", model: "press-model", rules: [], wires: [["again"], ["refused"]] },
        { id: "again", type: "twin-ingest", model: "press-model", wires: [["report"], ["refused"]] },
        state("report", "report"),
        state("get", "get"),
        ...out,
      ],
    );
    flow.send("in", { topic: "press-6", payload: { force: 10, area: 100 } });
    const msg = await flow.next("out");
    assert.deepEqual(msg.payload, { force: 19, area: 100 });
    const { raw, quality } = msg.twin as { raw: unknown; quality: unknown };
    assert.deepEqual([raw, quality], [{ force: 10 }, { force: "uncertain" }]);
    const { reported, meta, modelVersion } = await documentOf(flow, "press-6");
    assert.deepEqual(reported, { force: 19, area: 100, pressure: 190 });
    assert.equal(meta.pressure?.quality, "uncertain", "the worst of its inputs: the sensor is overdue");
    assert.equal(modelVersion, 1);
  });

  it("refuses a derived property that a device reports or somebody desires", async () => {
    const flow = await runtime.load(
      ["twin-ingest", "twin-state"],
      [
        model,
        { id: "in", type: "twin-ingest", model: "press-model", wires: [["out"], ["refused"]] },
        state("report", "report"),
        state("desire", "desire"),
        ...out,
      ],
    );
    for (const node of ["in", "report", "desire"]) {
      flow.send(node, { topic: "press-7", payload: { pressure: 5 } });
      const { code, property } = (await flow.next("refused")).error as RefusalInfo;
      assert.deepEqual([code, property], ["read-only", "pressure"], node);
    }
  });

  const first = press({ version: 1, properties: [{ name: "pressure", writable: true }] });
  const second = press({
    version: 2,
    properties: [
      { name: "kPa", writable: true },
      { name: "bar", expression: "kPa / 100" },
    ],
    migrations: [{ to: 2, rename: { pressure: "kPa" }, scale: { kPa: { gain: 100 } } }],
  });
  const nodes = [state("report", "report"), state("desire", "desire"), state("get", "get"), ...out];

  it("migrates stored twins when its version rises: reported, desired and derived", async () => {
    let flow = await runtime.load(["twin-state"], [first, ...nodes]);
    flow.send("report", { topic: "m-1", payload: { pressure: 2 }, twin: { id: "m-1", ts: 1000 } });
    await flow.next("out");
    flow.send("desire", { topic: "m-1", payload: { pressure: 3 } });
    await flow.next("out");
    flow.send("report", { topic: "m-2", payload: { pressure: 4 }, twin: { id: "m-2", ts: 1000 } });
    await flow.next("out");
    const old = await documentOf(flow, "m-1");
    assert.deepEqual([old.reported, old.desired, old.modelVersion], [{ pressure: 2 }, { pressure: 3 }, 1]);

    flow = await runtime.load(["twin-state"], [second, ...nodes]);
    // A sample on the first touch: both are one change.
    flow.send("report", { topic: "m-1", payload: { kPa: 250 }, twin: { id: "m-1", ts: 2000 } });
    await flow.next("out");
    const touched = await documentOf(flow, "m-1");
    assert.deepEqual(touched.reported, { kPa: 250, bar: 2.5 });
    assert.deepEqual([touched.desired, touched.delta, touched.modelVersion], [{ kPa: 300 }, { kPa: 300 }, 2]);
    assert.ok(touched.rev === old.rev + 1 || touched.rev === old.rev + 2, "the start may have been faster");
    // Nobody touches this one.
    let untouched = await documentOf(flow, "m-2");
    while (untouched.modelVersion !== 2) untouched = await documentOf(flow, "m-2");
    assert.deepEqual([untouched.reported, untouched.meta.kPa?.ts], [{ kPa: 400, bar: 4 }, 1000]);
    assert.ok(!("pressure" in untouched.meta));
  });

  it("migrates before a command desires something: what is desired in the new unit is not scaled", async () => {
    let flow = await runtime.load(["twin-state"], [first, ...nodes]);
    flow.send("report", { topic: "m-5", payload: { pressure: 2 }, twin: { id: "m-5", ts: 1000 } });
    await flow.next("out");
    const command = {
      id: "command",
      type: "twin-command",
      model: "press-model",
      wires: [["out"], ["refused"], ["device"]],
    };
    // No twin-state with the model: nobody else migrates.
    const get = { ...state("get", "get"), model: "" };
    flow = await runtime.load(
      ["twin-command", "twin-state"],
      [second, command, get, { id: "device", type: "helper" }, ...out],
    );
    flow.send("command", { topic: "m-5", payload: { kPa: 300 } });
    assert.deepEqual((await flow.next("device")).payload, { kPa: 300 });
    const { reported, desired, modelVersion } = await documentOf(flow, "m-5");
    assert.deepEqual([reported, desired, modelVersion], [{ kPa: 200, bar: 2 }, { kPa: 300 }, 2]);
  });

  it("leaves the past as it was: the old document is read back at its revision, the new one now", async () => {
    const at = { ...state("past", "at"), model: "" };
    let flow = await runtime.load(["twin-state"], [first, ...nodes]);
    flow.send("report", { topic: "m-6", payload: { pressure: 2 }, twin: { id: "m-6", ts: 1000 } });
    await flow.next("out");
    const old = await documentOf(flow, "m-6");
    flow = await runtime.load(["twin-state"], [second, at, ...nodes]);
    let migrated = await documentOf(flow, "m-6");
    while (migrated.modelVersion !== 2) migrated = await documentOf(flow, "m-6");
    assert.deepEqual([migrated.reported, migrated.rev], [{ kPa: 200, bar: 2 }, old.rev + 1]);
    flow.send("past", { topic: "m-6", at: { rev: old.rev } });
    assert.deepEqual((await flow.next("out")).payload, old);
    flow.send("past", { topic: "m-6", at: { rev: migrated.rev } });
    assert.deepEqual((await flow.next("out")).payload, migrated);
  });

  it("of a lower version never writes to a twin of a higher one", async () => {
    let flow = await runtime.load(["twin-state"], [second, ...nodes]);
    flow.send("report", { topic: "m-3", payload: { kPa: 5 }, twin: { id: "m-3", ts: 1000 } });
    await flow.next("out");
    const before = await documentOf(flow, "m-3");
    flow = await runtime.load(["twin-state"], [first, ...nodes]);
    flow.send("report", { topic: "m-3", payload: { pressure: 9 }, twin: { id: "m-3", ts: 2000 } });
    assert.equal(((await flow.next("refused")).error as RefusalInfo).code, "schema-mismatch");
    flow.send("report", { topic: "m-3", payload: { pressure: 9 } });
    assert.equal(((await flow.next("refused")).error as RefusalInfo).code, "schema-mismatch");
    flow.send("desire", { topic: "m-3", payload: { pressure: 9 } });
    assert.match(((await flow.next("refused")).error as RefusalInfo).message, /version 2 .* version 1/);
    assert.deepEqual(await documentOf(flow, "m-3"), before);
  });

  it("gives what is desired first its version too, so that it is not migrated again", async () => {
    const flow = await runtime.load(["twin-state"], [second, ...nodes]);
    flow.send("desire", { topic: "m-4", payload: { kPa: 100 } });
    await flow.next("out");
    flow.send("report", { topic: "m-4", payload: { kPa: 1 }, twin: { id: "m-4", ts: 1000 } });
    await flow.next("out");
    assert.deepEqual((await documentOf(flow, "m-4")).desired, { kPa: 100 });
  });
});

describe("the migration of many stored twins", () => {
  let folder = "";
  const open = () => openEmbeddedStore({ folder, durability: "process", warn: assert.fail, now: Date.now });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "meditwin-migrate-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("goes on after a kill -9 in the middle, and migrates each twin once", async function () {
    this.timeout(60_000);
    const count = 1000;
    const ids = Array.from({ length: count }, (_, k) => `press-${k}`);
    let store = open();
    await store.twins.updateAll(ids, (k, current) => {
      const sample = { id: ids[k] as string, ts: 1000, values: { pressure: k }, model: "press" };
      const { document, changed } = reportSample(current, sample, { now: 1000 });
      return { document, changed, notify: true };
    });
    store.close();

    await migrateAndKill(folder);

    store = open();
    const versions = async () => {
      let done = 0;
      for (const id of ids) if ((await store.twins.get(id))?.modelVersion === 2) done++;
      return done;
    };
    const between = await versions();
    assert.ok(between >= 100 && between < count, `${between} were migrated before the kill`);
    await migrateStored(migratingTwins(store.twins, secondVersion), secondVersion, () => false);
    assert.equal(await versions(), count);
    for (const [k, id] of ids.entries()) {
      const document = await store.twins.get(id);
      assert.deepEqual([document?.reported, document?.rev], [{ kPa: 100 * k }, 2], id);
    }
    store.close();
  });
});
