import assert from "node:assert/strict";
import { createCleaner } from "../../../engine/cleaning/create-cleaner";
import { createQualityCounts, type QualityCounts } from "../../../engine/cleaning/quality-counts";
import { refuse } from "../../../engine/contract/errors";
import type { Sample, Values } from "../../../engine/contract/messages";
import { rule } from "./references";

/** Cleans samples of `a` by one rule and gives what was counted. */
function count(raw: Record<string, unknown>, series: readonly Values[], quality = createQualityCounts()): Values {
  const cleaner = createCleaner(rule({ property: "x", ...raw }), { trace: quality.add });
  for (const [ts, values] of series.entries()) cleaner.clean([{ id: "a", ts, values }]);
  return quality.take()[0]?.values ?? {};
}
/** Only what is said of x. */
const ofX = (values: Values): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (name.startsWith("x.") ? [[name.slice(2), value]] : [])),
  );
const add = (quality: QualityCounts, sample: Sample): void =>
  quality.add({ items: [sample], outs: [], errors: [], touches: [] });
const times = (n: number, values: Values): Values[] => Array.from({ length: n }, () => values);

describe("the quality of data", () => {
  const cases: [string, Record<string, unknown>, Values[], Values][] = [
    ["is complete where every value came", {}, times(4, { x: 1 }), { expected: 4, received: 4, completeness: 1 }],
    [
      "misses null, blanks and NaN",
      {},
      [{ x: 1 }, { x: null }, { x: "  " }, { x: Number.NaN }],
      { expected: 4, received: 1, completeness: 0.25, missing: 3 },
    ],
    [
      "misses what a rule names as no reading",
      { sentinels: [-999] },
      [{ x: 1 }, { x: -999 }],
      { expected: 2, received: 1, completeness: 0.5, missing: 1 },
    ],
    [
      "misses what a rule fills, present or not, and counts it as filled",
      { missing: "ffill" },
      [{ x: 1 }, { x: null }, { y: 1 }],
      { expected: 3, received: 1, completeness: 0.3333, missing: 2, filled: 2 },
    ],
    [
      "counts values beyond the range: marked, clamped, or dropped",
      { max: 10 },
      [{ x: 1 }, { x: 11 }],
      { expected: 2, received: 2, completeness: 1, outOfRange: 1 },
    ],
    [
      "clamped ones as clamped",
      { max: 10, onRange: "clamp" },
      [{ x: 1 }, { x: 11 }],
      { expected: 2, received: 2, completeness: 1, clamped: 1 },
    ],
    [
      "dropped ones as refused, which are neither received nor missing",
      { max: 10, onRange: "drop" },
      [{ x: 1 }, { x: 11 }],
      { expected: 2, received: 1, completeness: 0.5, refused: 1 },
    ],
    [
      "a missing one that drops its sample is refused",
      { missing: "drop" },
      [{ x: 1 }, { x: null }, { y: 2 }],
      { expected: 3, received: 1, completeness: 0.3333, refused: 2 },
    ],
    [
      "changes that are too fast",
      { maxRate: 1 },
      [{ x: 1 }, { x: 1 }, { x: 9_999_999 }],
      { expected: 3, received: 3, completeness: 1, tooFast: 1 },
    ],
    [
      "values that stay the same for too long",
      { stuck: 2 },
      times(4, { x: 1 }),
      { expected: 4, received: 4, completeness: 1, stuck: 2 },
    ],
    [
      "outliers, marked or replaced",
      { outlier: "zscore", window: 10, onOutlier: "replace" },
      [...[1, 2, 1, 2, 1, 2].map((x) => ({ x })), { x: 100 }],
      { expected: 7, received: 7, completeness: 1, outliers: 1 },
    ],
  ];
  for (const [name, raw, series, expected] of cases)
    it(name, () => assert.deepEqual(ofX(count(raw, series)), expected));

  it("says how many samples there were, and sums up", () => {
    const values = count({ max: 10, onRange: "drop" }, [
      { x: 1, y: 1 },
      { x: 11, y: null },
    ]);
    assert.deepEqual(
      { samples: values.samples, refused: values.refused, expected: values.expected, received: values.received },
      { samples: 2, refused: 1, expected: 4, received: 2 },
    );
    assert.equal(values.completeness, 0.5);
  });

  it("a repeat says nothing of the sensors", () => {
    const quality = createQualityCounts();
    const cleaner = createCleaner([], { trace: quality.add, duplicates: "all" });
    for (const ts of [1, 1, 2]) cleaner.clean([{ id: "a", ts, values: { x: 1 } }]);
    const [report] = quality.take();
    assert.deepEqual([report?.values.samples, report?.values.refused, report?.values["x.expected"]], [2, 1, 2]);
  });

  it("keeps the twins of a batch apart", () => {
    const quality = createQualityCounts();
    createCleaner(rule({ property: "x", missing: "constant", fill: 0 }), { trace: quality.add }).clean([
      { id: "a", ts: 1, values: { x: 1 } },
      { id: "b", ts: 1, values: { x: null } },
    ]);
    const said = quality.take().map(({ id, values }) => [id, values["x.completeness"], values["x.filled"]]);
    assert.deepEqual(said, [
      ["a:quality", 1, undefined],
      ["b:quality", 0, 1],
    ]);
  });

  describe("what is expected", () => {
    it("a property that was in nine of ten samples is missed when it is not there any more, for 1,440 periods", () => {
      const quality = createQualityCounts();
      const habit = [...times(18, { x: 1, y: 1 }), ...times(2, { y: 1 })];
      // What is not known yet to be regular is expected as often as it came.
      assert.deepEqual(ofX(count({}, habit, quality)), { expected: 18, received: 18, completeness: 1 });
      const gone = { expected: 3, received: 0, completeness: 0, missing: 3 };
      for (let period = 0; period < 1441; period++) assert.deepEqual(ofX(count({}, times(3, { y: 1 }), quality)), gone);
      assert.deepEqual(ofX(count({}, times(3, { y: 1 }), quality)), {});
    });

    it("a device that sends each property by itself is complete", () => {
      const quality = createQualityCounts();
      for (let period = 0; period < 3; period++) {
        const values = count({}, [...times(50, { x: 1 }), ...times(50, { y: 1 })], quality);
        assert.deepEqual([values.completeness, values["x.expected"], values["y.expected"]], [1, 50, 50]);
      }
    });

    it("one sample a period is learned from over many periods, not from the first", () => {
      const quality = createQualityCounts();
      for (let period = 0; period < 30; period++)
        assert.equal(count({}, [period % 2 ? { x: 1 } : { y: 1 }], quality).completeness, 1);
    });
  });

  describe("what was refused before", () => {
    const error = (property?: string, code: "out-of-range" | "unknown-property" = "out-of-range") =>
      refuse(code, "x", "y", property === undefined ? {} : { property });

    it("is expected and refused, beside the samples that came", () => {
      const quality = createQualityCounts();
      quality.refused("a", error("x"));
      const values = count({}, [{ x: 1 }], quality);
      assert.deepEqual(ofX(values), { expected: 2, received: 1, completeness: 0.5, refused: 1 });
      assert.deepEqual([values.samples, values.refused], [1, 1]);
    });
    it("without a property, or with one that does not exist, is counted for the twin", () => {
      const quality = createQualityCounts();
      quality.refused("a", error());
      quality.refused("a", error("whatever", "unknown-property"));
      assert.deepEqual(quality.take(), [{ id: "a:quality", values: { samples: 0, refused: 2 } }]);
    });
  });

  it("begins anew with each period, and is silent of twins that were", () => {
    const quality = createQualityCounts();
    assert.equal(count({}, [{ x: null }], quality)["x.missing"], 1);
    assert.deepEqual(quality.take(), []);
    assert.deepEqual(ofX(count({}, [{ x: 1 }], quality)), { expected: 1, received: 1, completeness: 1 });
  });

  it("names nothing that the history would refuse", () => {
    const quality = createQualityCounts();
    const long = "p".repeat(120);
    createCleaner([], { trace: quality.add }).clean([
      { id: "a", ts: 1, values: { [long]: 1 } },
      { id: "t".repeat(125), ts: 1, values: { x: 1 } },
    ]);
    const reports = quality.take();
    assert.deepEqual(
      reports.map(({ id }) => id),
      ["a:quality"],
    );
    assert.deepEqual(Object.keys(reports[0]?.values ?? {}), ["samples", "expected", "received", "completeness"]);
  });

  describe("is bounded", () => {
    const fill = (quality: QualityCounts, twins: number, properties: number): void => {
      for (let twin = 0; twin < twins; twin++) {
        const values: Values = {};
        for (let property = 0; property < properties; property++) values[`p${property}`] = 1;
        add(quality, { id: `t${twin}`, ts: 1, values });
      }
    };
    it("in twins: the one not heard of for longest is forgotten", () => {
      const quality = createQualityCounts({ maxTwins: 3 });
      fill(quality, 5, 1);
      assert.deepEqual([quality.twins, quality.counters], [3, 3]);
      const ids = quality.take().map(({ id }) => id);
      assert.deepEqual(ids, ["t2:quality", "t3:quality", "t4:quality"]);
      add(quality, { id: "t2", ts: 2, values: { p0: 1 } });
      add(quality, { id: "new", ts: 2, values: { p0: 1 } });
      assert.deepEqual(
        quality.take().map(({ id }) => id),
        ["t2:quality", "new:quality"],
      );
    });
    it("in properties, of all twins and of one", () => {
      const quality = createQualityCounts({ maxCounters: 10 });
      fill(quality, 100, 4);
      assert.deepEqual([quality.twins, quality.counters], [2, 8]);
      fill(quality, 1, 50);
      assert.deepEqual([quality.twins, quality.counters], [1, 10]);
    });
  });
});
