import assert from "node:assert/strict";
import { readRowOptions } from "../../../engine/cleaning/read-row-options";
import type { Failure } from "../../../engine/contract/errors";

const off = { order: "keep", duplicates: "none", keep: "first", resample: undefined, features: [] };

describe("readRowOptions", () => {
  it("does nothing by default, whatever form absent has", () => {
    for (const def of [
      {},
      { duplicates: "", keep: null, order: undefined, resample: "", resampleMethod: "", resampleGap: "", features: "" },
      { duplicates: "none", order: "keep", resample: "none", features: [] },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: what Node-RED leaves standing
      { resample: 0, order: "${NOT_SET}" },
      { resample: false, dropDuplicates: false },
      // Without a grid nobody looks at its method.
      { resampleMethod: "median", resampleGap: "far" },
    ])
      assert.deepEqual(readRowOptions(def), off);
  });

  it("dropDuplicates is the older word for duplicates: all, and the newer one wins", () => {
    assert.equal(readRowOptions({ dropDuplicates: true }).duplicates, "all");
    assert.equal(readRowOptions({ dropDuplicates: "true", duplicates: "time" }).duplicates, "time");
    assert.equal(readRowOptions({ dropDuplicates: true, duplicates: "none" }).duplicates, "none");
  });

  it("reads a grid", () => {
    assert.deepEqual(readRowOptions({ resample: "10s" }).resample, {
      stepMs: 10_000,
      method: "mean",
      gapMs: Number.POSITIVE_INFINITY,
    });
    assert.deepEqual(readRowOptions({ resample: "1.5s", resampleMethod: "linear", resampleGap: "2m" }).resample, {
      stepMs: 1500,
      method: "linear",
      gapMs: 120_000,
    });
  });

  it("reads features and names them", () => {
    const { features } = readRowOptions({
      features: [
        { property: "t", kind: "lag" },
        { property: "t", kind: "lag", lag: "3", window: "ignored" },
        { property: "t", kind: "difference", name: "rise" },
        { property: "t", kind: "rolling-mean", window: "5m" },
        { property: "t", kind: "rolling-sd", lag: "ignored" },
      ],
    });
    assert.deepEqual(
      features.map(({ name, lag, window }) => [name, lag, window.unit, window.size]),
      [
        ["t_lag_1", 1, "rows", 1],
        ["t_lag_3", 3, "rows", 1],
        ["rise", 1, "rows", 1],
        ["t_rolling_mean_5m", 1, "ms", 300_000],
        ["t_rolling_sd_5", 1, "rows", 5],
      ],
    );
  });

  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ order: "sorted" }, /^order is "sorted": use keep, sort or drop\.$/],
    [{ duplicates: "row" }, /^duplicates is "row": use none, all or time\.$/],
    [{ duplicates: "time", keep: "both" }, /^keep is "both": use first or last\.$/],
    [{ resample: 10 }, /^resample is 10: use a time such as 10s/],
    [{ resample: "10" }, /^resample is "10": use a time/],
    [{ resample: "0.5ms" }, /^resample is "0.5ms": .* whole milliseconds/],
    [{ resample: "1m", resampleMethod: "max" }, /^resampleMethod is "max": use mean, last or linear\.$/],
    [{ resample: "1m", resampleGap: 3 }, /^resampleGap is 3: use a time/],
    [{ features: 5 }, /^features is 5: use a list/],
    [{ features: ["t"] }, /^features\[0\] is "t": use an object/],
    [{ features: [{ kind: "lag" }] }, /^features\[0\]\.property is missing/],
    [{ features: [{ property: "*", kind: "lag" }] }, /^features\[0\]\.property is "\*": name one property/],
    [{ features: [{ property: "__proto__", kind: "lag" }] }, /^features\[0\]\.property is "__proto__"/],
    [{ features: [{ property: "t", kind: "sum" }] }, /^features\[0\]\.kind is "sum": use lag, /],
    [{ features: [{ property: "t", kind: "lag", lag: 0 }] }, /^features\[0\]\.lag is 0: use a number of rows/],
    [{ features: [{ property: "t", kind: "lag", lag: 10_001 }] }, /^features\[0\]\.lag is 10001/],
    [{ features: [{ property: "t", kind: "rolling-min", window: "x" }] }, /^features\[0\]\.window is "x"/],
    [{ features: [{ property: "t", kind: "rolling-min", window: 1e6 }] }, /use 10000 rows or less/],
    [{ features: [{ property: "t", kind: "lag", name: "t" }] }, /^features\[0\]\.name is "t".*not the property's own/],
    [{ features: [{ property: "t", width: 1 }] }, /^features\[0\]\.width is 1: there is no such key/],
    [
      {
        features: [
          { property: "t", kind: "lag" },
          { property: "t", kind: "lag", lag: 1 },
        ],
      },
      /^features\[1\]\.name is "t_lag_1": another feature has that name/,
    ],
    [
      { features: Array.from({ length: 201 }, (_, i) => ({ property: "t", kind: "lag", name: `f${i}` })) },
      /^features has 201 entries/,
    ],
  ];
  for (const [def, message] of wrong)
    it(`${JSON.stringify(def).slice(0, 80)} is refused`, () => {
      assert.throws(
        () => readRowOptions(def),
        (error: Failure) => {
          assert.equal(error.code, "bad-setting");
          assert.match(error.message, message);
          return true;
        },
      );
    });
});
