import assert from "node:assert/strict";
import fc from "fast-check";
import { cleanTable } from "../../../engine/cleaning/clean-table";
import { type Cleaner, createCleaner } from "../../../engine/cleaning/create-cleaner";
import { readRowOptions } from "../../../engine/cleaning/read-row-options";
import { readRules } from "../../../engine/cleaning/read-rules";
import { maxPointsAtOnce } from "../../../engine/cleaning/twin-grid";
import type { Sample, Values } from "../../../engine/contract/messages";

const sample = (ts: number, values: Values, more: Partial<Sample> = {}): Sample => ({ id: "a", ts, values, ...more });
const cleanerOf = (settings: Record<string, unknown>, rules: unknown[] = []): Cleaner =>
  createCleaner(readRules(rules), readRowOptions(settings));
/** What leaves, sample by sample. */
const run = (cleaner: Cleaner, samples: Sample[]) => samples.flatMap((one) => cleaner.clean([one]).samples);
const codeOf = (cleaner: Cleaner, one: Sample) => cleaner.clean([one]).dropped[0]?.error.code ?? "passed";

describe("rows of a stream", () => {
  describe("order", () => {
    it("drop refuses what is older than the last of its twin", () => {
      const cleaner = cleanerOf({ order: "drop" });
      assert.equal(codeOf(cleaner, sample(10, { x: 1 })), "passed");
      assert.equal(codeOf(cleaner, sample(9, { x: 1 })), "out-of-order");
      assert.equal(codeOf(cleaner, sample(10, { x: 2 })), "passed");
      assert.equal(codeOf(cleaner, sample(9, { x: 1 }, { id: "b" })), "passed");
      const { samples, dropped } = cleaner.clean([12, 11, 13].map((ts) => sample(ts, { x: ts })));
      assert.deepEqual(
        samples.map(({ ts }) => ts),
        [12, 13],
      );
      assert.equal(dropped[0]!.error.index, 1);
      assert.match(
        dropped[0]!.error.message,
        /^This sample of a is of 1970.*011Z, older than the last one, of .*012Z\.$/,
      );
    });

    it("sort puts a batch in order, and says where each came from", () => {
      const cleaner = cleanerOf({ order: "sort" }, [{ property: "x", missing: "ffill" }]);
      const { samples, from } = cleaner.clean([sample(30, { x: 3 }), sample(20, { x: null }), sample(10, { x: 1 })]);
      assert.deepEqual(
        samples.map(({ ts, values }) => [ts, values.x]),
        [
          [10, 1],
          [20, 1],
          [30, 3],
        ],
      );
      assert.deepEqual(from, [2, 1, 0]);
    });
  });

  describe("duplicates", () => {
    const cases: [Record<string, unknown>, string[]][] = [
      [{ duplicates: "all" }, ["passed", "passed", "duplicate"]],
      [{ duplicates: "all", keep: "last" }, ["passed", "passed", "duplicate"]],
      [{ duplicates: "time" }, ["passed", "duplicate", "duplicate"]],
      [{ duplicates: "time", keep: "last" }, ["passed", "passed", "passed"]],
    ];
    for (const [settings, expected] of cases)
      it(`${JSON.stringify(settings)}: in one message after another`, () => {
        const cleaner = cleanerOf(settings);
        assert.deepEqual(
          [1, 2, 1].map((x) => codeOf(cleaner, sample(5, { x }))),
          expected,
        );
      });

    it("within a batch, keep says which stays", () => {
      const batch = [1, 2, 1].map((x) => sample(5, { x }));
      const kept = (settings: Record<string, unknown>) => cleanerOf(settings).clean(batch).from;
      assert.deepEqual(kept({ duplicates: "all" }), [0, 1]);
      assert.deepEqual(kept({ duplicates: "all", keep: "last" }), [1, 2]);
      assert.deepEqual(kept({ duplicates: "time" }), [0]);
      assert.deepEqual(kept({ duplicates: "time", keep: "last" }), [2]);
    });
  });

  describe("resampling", () => {
    it("a point leaves when the next interval has begun", () => {
      const cleaner = cleanerOf({ resample: "10ms" });
      assert.deepEqual(run(cleaner, [sample(1, { x: 1 }), sample(4, { x: 2 }), sample(9, { x: 6 })]), []);
      const { samples, report, from } = cleaner.clean([sample(10, { x: 5 })]);
      assert.deepEqual(samples, [{ id: "a", ts: 0, values: { x: 3 } }]);
      assert.deepEqual(report.rows, { in: 1, out: 1, dropped: 0 });
      assert.deepEqual(report.grid, { points: 1, carried: 0, missing: 0 });
      assert.equal(from, undefined);
    });

    it("twins have a grid each", () => {
      const cleaner = cleanerOf({ resample: "10ms" });
      const ids = run(cleaner, [
        sample(1, { x: 1 }),
        sample(50, { x: 2 }, { id: "b" }),
        sample(11, { x: 3 }),
        sample(62, { x: 4 }, { id: "b" }),
      ]).map(({ id, ts }) => `${id} ${ts}`);
      assert.deepEqual(ids, ["a 0", "b 50"]);
    });

    it("quality: the worst of the values, uncertain when carried, bad when missing; the model stays, seq goes", () => {
      const last = cleanerOf({ resample: "10ms", resampleMethod: "last", resampleGap: "10ms" });
      const out = run(last, [
        sample(1, { x: 1, y: 1 }, { quality: { x: "uncertain" }, seq: 4, model: "press" }),
        sample(2, { x: 2 }, { model: "press" }),
        sample(31, { x: 3 }, { model: "press" }),
      ]);
      assert.deepEqual(out, [
        { id: "a", ts: 0, values: { x: 2, y: 1 }, model: "press" },
        { id: "a", ts: 10, values: { x: 2, y: 1 }, quality: { x: "uncertain", y: "uncertain" }, model: "press" },
        { id: "a", ts: 20, values: { x: null, y: null }, quality: { x: "bad", y: "bad" }, model: "press" },
      ]);
      const mean = cleanerOf({ resample: "10ms" });
      assert.deepEqual(
        run(mean, [sample(1, { x: 1 }, { quality: { x: "uncertain" } }), sample(2, { x: 3 }), sample(10, {})])[0],
        { id: "a", ts: 0, values: { x: 2 }, quality: { x: "uncertain" } },
      );
    });

    it("late: counts while its interval is open, is refused afterwards and changes nothing", () => {
      for (const resampleMethod of ["mean", "last", "linear"]) {
        const cleaner = cleanerOf({ resample: "10ms", resampleMethod });
        run(cleaner, [sample(0, { x: 0 }), sample(18, { x: 8 })]);
        assert.equal(codeOf(cleaner, sample(12, { x: 2 })), "passed");
        assert.equal(codeOf(cleaner, sample(9, { x: 100 })), "out-of-order");
        const [point] = run(cleaner, [sample(21, { x: 0 })]);
        assert.equal(point!.ts, 10);
        assert.equal(point!.values.x, { mean: 5, last: 8, linear: (2 / 12) * 10 }[resampleMethod]);
      }
    });

    it("linear waits for the value of each property until the interval ends", () => {
      const cleaner = cleanerOf({ resample: "10ms", resampleMethod: "linear" });
      const out = run(cleaner, [
        sample(0, { x: 0 }),
        sample(1, { y: 10 }),
        sample(11, { x: 11 }),
        sample(12, { y: 21 }),
        sample(20, { x: 20 }),
      ]);
      assert.deepEqual(
        out.map(({ ts, values }) => [ts, values]),
        [
          [0, { x: 0, y: null }],
          [10, { x: 10, y: 19 }],
        ],
      );
    });

    it(`a gap of more than ${maxPointsAtOnce} points begins the grid anew`, () => {
      const cleaner = cleanerOf({ resample: "10ms", resampleMethod: "last" });
      run(cleaner, [sample(0, { x: 1, gone: 1 })]);
      const far = 10 * (maxPointsAtOnce + 1);
      const { samples, report } = cleaner.clean([sample(far, { x: 2 })]);
      assert.deepEqual(samples, [{ id: "a", ts: 0, values: { x: 1, gone: 1 } }]);
      assert.equal(report.grid!.skipped, maxPointsAtOnce);
      assert.deepEqual(run(cleaner, [sample(far + 10, { x: 3 })]), [{ id: "a", ts: far, values: { x: 2 } }]);
      assert.equal(run(cleaner, [sample(far + 10 * maxPointsAtOnce, { x: 3 })]).length, maxPointsAtOnce - 1);
    });

    it("is that of a table, point by point, where every sample speaks of every property", () => {
      const value = fc.option(fc.integer({ min: -50, max: 50 }), { nil: null });
      const series = fc.array(fc.tuple(fc.integer({ min: 0, max: 25 }), value), { minLength: 1, maxLength: 30 });
      fc.assert(
        fc.property(
          series,
          fc.constantFrom("mean", "last", "linear"),
          fc.constantFrom("", "20ms"),
          (steps, resampleMethod, resampleGap) => {
            const settings = { resample: "10ms", resampleMethod, resampleGap };
            let ts = 3;
            const samples = steps.map(([step, x]) => {
              ts += step;
              return sample(ts, { x });
            });
            const points = run(cleanerOf(settings), samples).map(({ ts, values }) => [ts, values.x]);
            const rows = samples.map(({ ts, values }) => ({ time: ts, ...values }));
            const { rows: grid } = cleanTable(rows, [], readRowOptions(settings));
            // The interval that is open has not left yet, nor is known what a value that is still to come makes of a line.
            const expected = grid.slice(0, points.length).map(({ time, x }) => [time, x]);
            assert.ok(grid.length - points.length <= 1, `${grid.length} and ${points.length} points`);
            for (const [p, [time, x]] of points.entries()) {
              assert.equal(time, expected[p]![0]);
              const y = expected[p]![1] as number | null;
              if (resampleMethod === "linear" && x === null) continue;
              assert.ok(x === y || Math.abs((x as number) - y!) < 1e-9, `${String(x)} and ${String(y)}`);
            }
          },
        ),
        { numRuns: 500 },
      );
    });

    it("works on what the rules made, and features on the grid", () => {
      const cleaner = cleanerOf({ resample: "10ms", features: [{ property: "x", kind: "difference", name: "rise" }] }, [
        { property: "x", max: 100, onRange: "drop" },
      ]);
      const out = run(cleaner, [
        sample(1, { x: 2 }),
        sample(2, { x: 900 }),
        sample(12, { x: 7 }),
        sample(33, { x: 8 }),
        sample(41, { x: 9 }),
      ]);
      assert.deepEqual(
        out.map(({ ts, values, quality }) => [ts, values, quality]),
        [
          [0, { x: 2, rise: null }, { rise: "bad" }],
          [10, { x: 7, rise: 5 }, undefined],
          [20, { x: null, rise: null }, { x: "bad", rise: "bad" }],
          [30, { x: 8, rise: null }, { rise: "bad" }],
        ],
      );
    });
  });

  describe("features", () => {
    const features = [
      { property: "x", kind: "lag", lag: 2 },
      { property: "x", kind: "difference" },
      { property: "x", kind: "rolling-mean", window: 3 },
      { property: "x", kind: "rolling-sd", window: "15ms" },
      { property: "x", kind: "rolling-median", window: 4 },
      { property: "x_rolling_mean_3", kind: "rolling-max", window: 2, name: "of a feature" },
    ];

    it("are those of a table", () => {
      const cell = fc.option(fc.integer({ min: -9, max: 9 }), { nil: null });
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), cell), { maxLength: 30 }), (steps) => {
          let ts = 0;
          const samples = steps.map(([step, x]) => {
            ts += step;
            return sample(ts, { x });
          });
          const out = run(cleanerOf({ features }), samples).map(({ ts, values }) => ({ time: ts, ...values }));
          const rows = samples.map(({ ts, values }) => ({ time: ts, ...values }));
          assert.deepEqual(out, cleanTable(rows, [], readRowOptions({ features })).rows);
        }),
      );
    });

    it("pass over samples that do not speak of the property, and share its quality", () => {
      const cleaner = cleanerOf({ features: [{ property: "x", kind: "lag" }] });
      const out = run(cleaner, [
        sample(1, { x: 1 }),
        sample(2, { y: 5 }),
        sample(3, { x: 2 }, { quality: { x: "uncertain" } }),
      ]);
      assert.deepEqual(
        out.map(({ values, quality }) => [values, quality]),
        [
          [{ x: 1, x_lag_1: null }, { x_lag_1: "bad" }],
          [{ y: 5 }, undefined],
          [
            { x: 2, x_lag_1: 1 },
            { x: "uncertain", x_lag_1: "uncertain" },
          ],
        ],
      );
    });

    it("do not overwrite what is there (bad-name)", () => {
      assert.equal(codeOf(cleanerOf({ features }), sample(1, { x: 1, x_lag_2: 3 })), "bad-name");
    });
  });
});
