import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";
import { isUnit } from "../../engine/cleaning/convert-unit";
import { readRules } from "../../engine/cleaning/read-rules";
import type { Row, Sample } from "../../engine/contract/messages";
import { createRecentKeeper, maxKept, maxKeptBytes } from "../../nodes/twin-clean/recent-data";
import { projectRoot } from "../flows/project";
import { until, useStarts } from "../start/server";

const sample = (i: number, values: Sample["values"] = { t: i }): Sample => ({ id: "press-6", ts: i, values });
const samplesOf = (keeper: ReturnType<typeof createRecentKeeper>): Sample[] => {
  const recent = keeper.read();
  return recent.kind === "samples" ? recent.messages.flat() : [];
};

describe("what a twin-clean keeps for the preview of its form", () => {
  it("are the last samples, by the message in which they came", () => {
    const keeper = createRecentKeeper();
    keeper.samples([sample(1)]);
    keeper.samples([sample(2), sample(3)]);
    assert.deepEqual(keeper.read(), { kind: "samples", messages: [[sample(1)], [sample(2), sample(3)]] });
  });

  it("is bounded in samples, whether they come one by one or in a batch", () => {
    const keeper = createRecentKeeper();
    for (let i = 0; i < maxKept + 50; i++) keeper.samples([sample(i)]);
    assert.deepEqual([samplesOf(keeper).length, samplesOf(keeper)[0]?.ts], [maxKept, 50]);
    keeper.samples(Array.from({ length: 5000 }, (_, i) => sample(i)));
    assert.deepEqual([samplesOf(keeper).length, samplesOf(keeper)[0]?.ts], [maxKept, 5000 - maxKept]);
  });

  it("is bounded in bytes: many keys, long texts, and a sample that is too large by itself", () => {
    const keeper = createRecentKeeper();
    const wide = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`p${i}`, i]));
    for (let i = 0; i < 50; i++) keeper.samples([sample(i, wide)]);
    assert.ok(samplesOf(keeper).length <= maxKeptBytes / (16 * 2000), `${samplesOf(keeper).length}`);
    const long = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`p${i}`, "x".repeat(60_000)]));
    keeper.samples([sample(60, long)]);
    keeper.samples([sample(61, { lot: "y".repeat(60_000) })]);
    const last = samplesOf(keeper).at(-1);
    assert.deepEqual([last?.ts, String(last?.values.lot).length], [61, 500]);
    assert.ok(!samplesOf(keeper).some(({ ts }) => ts === 60));
  });

  it("of a table are the first rows, and how many there were", () => {
    const keeper = createRecentKeeper();
    keeper.samples([sample(1)]);
    keeper.table(Array.from({ length: 1000 }, (_, i) => ({ i })));
    const recent = keeper.read();
    assert.equal(recent.kind, "table");
    assert.deepEqual(recent.kind === "table" && [recent.rows.length, recent.of], [maxKept, 1000]);
    keeper.table([{ a: {}, b: [1], c: 1, d: null, e: () => 1, f: Symbol("f"), g: 1n }, 5 as unknown as Row]);
    const next = keeper.read();
    assert.deepEqual(next.kind === "table" && next.rows, [{ c: 1, d: null }, {}], "scalars only");
  });

  it("are copies: what the next nodes do to a message does not show", () => {
    const keeper = createRecentKeeper();
    const values = { t: 1 };
    keeper.samples([sample(1, values)]);
    values.t = 99;
    assert.equal(samplesOf(keeper)[0]?.values.t, 1);
  });
});

/** What resources/twin-clean/rule.js gives to the form. */
interface Rules {
  problem(translate: (key: string) => string, rule: Record<string, unknown>, unitOf: () => string): string;
  stored(values: Record<string, unknown>): Record<string, unknown>;
  units: string[];
  fields: { key: string; kind?: string; choices?: string[] }[];
}
const form = ((): Rules => {
  const window: { MediTwinClean?: Rules } = {};
  vm.runInNewContext(readFileSync(path.join(projectRoot, "resources/twin-clean/rule.js"), "utf8"), { window });
  return window.MediTwinClean as Rules;
})();

describe("the rules of twin-clean's form and the engine's", () => {
  const cases: Record<string, unknown>[] = [
    ...[{}, { min: 1, max: 0 }, { min: 0, max: 1, onRange: "drop" }, { min: "a" }, { max: "1e3" }, { min: "" }],
    ...["none", "number", "integer", "boolean", "string", "time", "category"].flatMap((convert) => [
      { convert },
      { convert, min: 0 },
      { convert, fromUnit: "bar", toUnit: "kPa" },
      { convert, outlier: "iqr" },
      { convert, smooth: "mean" },
      { convert, missing: "mean" },
      { convert, missing: "ffill", stuck: 5 },
      { convert, maxRate: 2 },
      { convert, deadband: 1 },
    ]),
    ...[{ deadband: -1 }, { deadband: 0.5 }, { maxRate: 0 }, { maxRate: -1 }, { maxRate: "fast" }, { maxRate: 0.1 }],
    ...[{ stuck: "10m" }, { stuck: "ten" }, { stuck: 10 }, { stuck: 1.5 }],
    ...[
      { outlier: "hampel", k: 0 },
      { outlier: "hampel", k: 2.5, window: "5m" },
      { outlier: "iqr", window: "x" },
      { k: 0 },
    ],
    ...[{ missing: "constant" }, { missing: "constant", fill: 0 }, { missing: "linear", by: "time", maxGap: "5m" }],
    ...[
      { smooth: "ewma", window: 5 },
      { smooth: "ewma", window: "5m" },
      { smooth: "median", window: "5 s" },
    ],
    ...[undefined, 4, 5, 7, "7", 303, "5m"].flatMap((window) =>
      [undefined, 1, 3, 5, 6, 2.5, "2"].map((degree) => ({ smooth: "savitzky-golay", window, degree })),
    ),
    ...[{ fromUnit: "bar" }, { toUnit: "kPa" }, { sentinels: [-999, "n/a"] }, { decimal: "comma", convert: "number" }],
  ];
  for (const property of ["t", "*"])
    it(`of ${property === "*" ? "all numbers" : "one property"} agree on what is wrong`, () => {
      for (const one of cases) {
        const rule = { property, ...one };
        let engine = "";
        try {
          readRules([rule]);
        } catch (error) {
          engine = (error as Error).message;
        }
        const wrong = form.problem(
          (key) => key,
          rule,
          () => (property === "*" ? "" : "kPa"),
        );
        assert.equal(
          wrong !== "",
          engine !== "",
          `${JSON.stringify(rule)}: form says "${wrong}", engine says "${engine}"`,
        );
      }
    });

  it("have the same keys and choices: the form has a field for each, and what it stores by default is nothing", () => {
    let keys: string[] = [];
    try {
      readRules([{ property: "t", nonsense: 1 }]);
    } catch (error) {
      keys = /use (.*)\.$/.exec((error as Error).message)?.[1]?.split(", ") ?? [];
    }
    const fields = new Set(form.fields.filter(({ kind }) => kind !== "hint").map(({ key }) => key));
    assert.deepEqual([...fields, "property"].sort(), keys.sort());
    for (const { key, choices = [] } of form.fields)
      for (const choice of choices)
        assert.doesNotThrow(() =>
          readRules([{ property: "t", [key]: choice, ...(choice === "constant" ? { fill: 1 } : {}) }]),
        );
    // Arrays of another realm are not deeply equal to these.
    const stored = (values: Record<string, unknown>) => JSON.parse(JSON.stringify(form.stored(values)));
    const defaults = Object.fromEntries(form.fields.map(({ key, choices }) => [key, choices?.[0] ?? ""]));
    assert.deepEqual(stored({ property: "t", ...defaults, sentinels: [], robust: false }), { property: "t" });
    assert.deepEqual(stored({ property: "t", ...defaults, k: 4, onRange: "drop", min: 0 }), {
      property: "t",
      min: 0,
      onRange: "drop",
    });
  });
});

describe("the units that twin-clean's form offers", () => {
  it("are all known", () =>
    assert.deepEqual(
      [...form.units].filter((unit) => !isUnit(unit)),
      [],
    ));
});

describe("the preview that a twin-clean's form asks for", () => {
  const starts = useStarts();
  const post = (url: string, to: string, body: unknown) =>
    fetch(`${url}${to}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const ask = (url: string, rules: unknown[], node = "clean") =>
    post(url, "/meditwin/twin-clean/preview", { node, settings: { rules }, units: { pressure: "kPa" } });
  const flow = [
    { id: "tab", type: "tab", label: "f" },
    { id: "in", type: "http in", z: "tab", url: "/feed", method: "post", x: 0, y: 0, wires: [["clean", "out"]] },
    { id: "out", type: "http response", z: "tab", x: 0, y: 0, wires: [] },
    { id: "clean", type: "twin-clean", z: "tab", rules: [], x: 0, y: 0, wires: [[], [], []] },
  ];
  const started = async (env: Record<string, string> = {}) => {
    const one = await starts.start({ TWIN_FLOWS: starts.put("flow.json", JSON.stringify(flow)), ...env });
    await one.serving();
    return one.url;
  };

  it("is closed to whoever may not change flows", async function () {
    this.timeout(60_000);
    const hash = require("bcryptjs").hashSync("a long word", 4) as string;
    const url = await started({ TWIN_ADMIN_PASSWORD_HASH: hash });
    assert.equal((await ask(url, [])).status, 401);
  });

  it("is answered with what came through the node, by rules that are not deployed; it outlives a deploy, not the node", async function () {
    this.timeout(60_000);
    const url = await started();
    await until("fed", async () => (await post(url, "/feed", { pressure: 2 })).ok, 20_000);
    const answer = async () => {
      const response = await ask(url, [{ property: "pressure", fromUnit: "bar" }]);
      return (await response.json()) as { rows: { cells: Record<string, { after: number }> }[] };
    };
    assert.deepEqual(
      (await answer()).rows.map(({ cells }) => cells.pressure?.after),
      [200],
      "the unit is that of the model",
    );

    const deploy = (nodes: unknown) => post(url, "/flows", nodes);
    assert.equal((await deploy(flow)).status, 204);
    assert.equal((await answer()).rows.length, 1);
    assert.equal((await deploy(flow.slice(0, 3))).status, 204);
    await until("forgotten with its node", async () => (await answer()).rows.length === 0, 20_000);
    const other = (await (await ask(url, [], "another")).json()) as { rows: unknown[] };
    assert.deepEqual(other.rows, []);
  });

  it("is known in a subflow by the node's id in its template", async function () {
    this.timeout(60_000);
    const url = await started();
    const place = { x: 0, y: 0 };
    const subflow = [
      { id: "tab", type: "tab", label: "f" },
      { id: "sub", type: "subflow", name: "s", in: [{ ...place, wires: [{ id: "inner" }] }], out: [] },
      { id: "inner", type: "twin-clean", z: "sub", rules: [], ...place, wires: [[], [], []] },
      { id: "use", type: "subflow:sub", z: "tab", ...place, wires: [] },
      { id: "in", type: "http in", z: "tab", url: "/feed", method: "post", ...place, wires: [["use", "out"]] },
      { id: "out", type: "http response", z: "tab", ...place, wires: [] },
    ];
    assert.equal((await post(url, "/flows", subflow)).status, 204);
    await until("fed", async () => (await post(url, "/feed", { pressure: 2 })).ok, 20_000);
    // The answer may be there before the other branch has cleaned it.
    const kept = async (): Promise<unknown[]> =>
      ((await (await ask(url, [], "inner")).json()) as { rows: unknown[] }).rows;
    await until("kept", async () => (await kept()).length > 0);
    assert.equal((await kept()).length, 1);
  });

  it("names the rule that the engine does not take", async function () {
    this.timeout(60_000);
    const response = await ask(await started(), [{ property: "t" }, { property: "t", fromUnit: "bar", toUnit: "K" }]);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    assert.deepEqual([response.status, error.code], [422, "bad-setting"]);
    assert.match(error.message, /^rules\[1\].*bar.*K/);
  });
});

describe("the examples of twin-clean on real data", () => {
  const starts = useStarts();
  interface Preview {
    rows: {
      dropped?: { code: string };
      cells: Record<string, { before: unknown; after: unknown; changes: string[] }>;
    }[];
    counts: Record<string, number>;
    dropped: number;
    columns: string[];
  }
  /** Starts an example, presses a button of it, and gives what a node's rules make of the data that came. */
  async function played(example: string, button: string, node: string, rows: number): Promise<Preview> {
    const file = path.join(projectRoot, "examples", example);
    const shipped = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>[];
    // Readings come at a pace that people can follow: here nobody has to.
    const flow = shipped.map((one) => (one.type === "delay" ? { ...one, rate: "500" } : one));
    const settings = flow.find(({ id }) => id === node);
    const one = await starts.start({ TWIN_FLOWS: starts.put("flow.json", JSON.stringify(flow)) });
    await one.serving();
    // The editor is served a little before the flows run.
    await until("pressed", async () => (await fetch(`${one.url}/inject/${button}`, { method: "POST" })).ok, 20_000);
    let preview: Preview | undefined;
    await until(
      "played to its end",
      async () => {
        const response = await fetch(`${one.url}/meditwin/twin-clean/preview`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ node, settings }),
        });
        preview = (await response.json()) as Preview;
        return preview.rows.length >= rows;
      },
      40_000,
    );
    return preview as Preview;
  }

  it("a lab table: decimal commas, blanks of their own strength, a press speed that stands out", async function () {
    this.timeout(90_000);
    const { rows, counts, dropped } = await played("twin-clean-lab-table.json", "lab-start", "lab-clean", 26);
    assert.equal(dropped, 0);
    assert.equal(counts.filled, 22, "8 + 8 weights and 6 waters");
    assert.deepEqual([counts.outlier, counts.stillMissing], [1, undefined]);
    assert.deepEqual(rows[0]?.cells.api_water, { before: "1,51", after: 1.51, changes: ["converted"] });
    assert.deepEqual(
      rows[8]?.cells.tbl_min_weight,
      { before: null, after: 111, changes: ["filled"] },
      "not the 220 of 20M",
    );
  });

  it("a live sensor with spikes: each is replaced, and only they are", async function () {
    this.timeout(90_000);
    const preview = await played("twin-clean-live-sensor.json", "sensor-spikes", "sensor-replaced", 111);
    const replaced = preview.rows.flatMap(({ cells }, i) => (cells.value?.changes.includes("replaced") ? [i] : []));
    assert.deepEqual(replaced, [24, 49, 74, 99]);
    for (const i of replaced) {
      const { before, after } = preview.rows[i]!.cells.value!;
      assert.ok(Math.abs(Number(before) - 60 - Number(after)) < 4, `${before} became ${after}`);
    }
    assert.deepEqual(preview.columns, ["value", "mean of an hour"]);
  });

  it("a clock set back: twelve readings are refused, eleven for their order", async function () {
    this.timeout(90_000);
    const { rows } = await played("twin-clean-live-sensor.json", "sensor-clock", "sensor-marked", 101);
    const codes = rows.flatMap(({ dropped }) => dropped?.code ?? []);
    assert.deepEqual([codes.length, codes.filter((code) => code === "out-of-order").length], [12, 11]);
    assert.equal(codes.at(-1), "duplicate");
  });
});
