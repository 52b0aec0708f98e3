import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { cleanTable } from "../../../engine/cleaning/clean-table";
import { type Cleaner, createCleaner } from "../../../engine/cleaning/create-cleaner";
import { readRules } from "../../../engine/cleaning/read-rules";
import type { Quality, Sample, Values } from "../../../engine/contract/messages";
import { assertAgree, readFixture, rule } from "./references";

const sample = (values: Values, ts = 0, id = "press-6"): Sample => ({ id, ts, values });
const one = (cleaner: Cleaner, values: Values, ts = 0, id = "press-6") => cleaner.clean([sample(values, ts, id)]);

/** Bytes that are left after a garbage collection. */
function heapInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

/** The value of `x` after each of a series of samples. */
function run(raw: Record<string, unknown>, series: readonly unknown[], step = 1000): unknown[] {
  const cleaner = createCleaner(rule({ property: "x", ...raw }));
  return series.map((x, i) => {
    const { samples } = one(cleaner, { x } as Values, i * step);
    return samples.length === 0 ? "dropped" : samples[0]!.values.x;
  });
}

describe("createCleaner", () => {
  describe("missing values on a stream", () => {
    const cases: [string, Record<string, unknown>, unknown[], unknown[]][] = [
      ["keep", {}, [1, null, "", 2], [1, null, null, 2]],
      ["constant", { missing: "constant", fill: 20 }, [null, 1, "  "], [20, 1, 20]],
      ["drop", { missing: "drop" }, [null, 1], ["dropped", 1]],
      ["ffill, nothing before the first value", { missing: "ffill" }, [null, 5, null, null, 6], [null, 5, 5, 5, 6]],
      ["ffill, at most 1 row", { missing: "ffill", maxGap: 1 }, [5, null, null, 6, null], [5, 5, null, 6, 6]],
      ["ffill, at most 2 s", { missing: "ffill", maxGap: "2s" }, [5, null, null, null, 6], [5, 5, 5, null, 6]],
      ["ffill of text", { missing: "ffill" }, ["run", null], ["run", "run"]],
      ["mean of what was seen so far", { missing: "mean" }, [null, 1, null, 2, 6, null], [null, 1, 1, 2, 6, 3]],
      ["a filled value is no observation", { missing: "mean" }, [1, null, null, 3, null], [1, 1, 1, 3, 2]],
      ["median of what was seen so far", { missing: "median" }, [1, 9, 2, null], [1, 9, 2, 2]],
      ["median of the window", { missing: "median", window: 2 }, [1, 9, 2, null], [1, 9, 2, 5.5]],
      ["whole numbers stay whole", { missing: "mean", convert: "integer" }, [1, 2, null], [1, 2, 2]],
      ["bfill does nothing on single samples", { missing: "bfill" }, [1, null, 2], [1, null, 2]],
      ["linear does nothing on single samples", { missing: "linear" }, [1, null, 2], [1, null, 2]],
    ];
    for (const [name, raw, series, expected] of cases) it(name, () => assert.deepEqual(run(raw, series), expected));

    it("what stays missing is counted and bad", () => {
      const { samples, report } = one(createCleaner(rule({ property: "x", missing: "bfill" })), { x: null, y: 1 });
      assert.deepEqual(samples[0]!.quality, { x: "bad" });
      assert.equal(samples[0]!.raw, undefined);
      assert.equal(report.properties.x!.stillMissing, 1);
    });

    it("bfill and linear work over a batch, per twin", () => {
      const batch = [
        sample({ x: 1 }, 0, "a"),
        sample({ x: 100 }, 0, "b"),
        sample({ x: null }, 1000, "a"),
        sample({ x: null }, 1000, "b"),
        sample({ x: 4 }, 3000, "a"),
      ];
      const values = (raw: Record<string, unknown>) =>
        createCleaner(rule({ property: "x", ...raw }))
          .clean(batch)
          .samples.map(({ values: { x } }) => x);
      assert.deepEqual(values({ missing: "linear" }), [1, 100, 2.5, null, 4]);
      assert.deepEqual(values({ missing: "linear", by: "time" }), [1, 100, 2, null, 4]);
      assert.deepEqual(values({ missing: "bfill" }), [1, 100, 4, null, 4]);
      assert.deepEqual(values({ missing: "ffill" }), [1, 100, 1, 100, 4]);
    });

    it("a late sample is not filled with what came true after it", () => {
      const cleaner = createCleaner(rule({ property: "x", missing: "ffill" }));
      one(cleaner, { x: 5 }, 10_000);
      assert.equal(one(cleaner, { x: null }, 9000).samples[0]!.values.x, null);
      assert.equal(one(cleaner, { x: null }, 10_000).samples[0]!.values.x, 5);
    });

    it("twins are kept apart", () => {
      const cleaner = createCleaner(rule({ property: "x", missing: "ffill" }));
      one(cleaner, { x: 5 }, 0, "a");
      assert.equal(one(cleaner, { x: null }, 1, "b").samples[0]!.values.x, null);
      assert.equal(one(cleaner, { x: null }, 1, "a").samples[0]!.values.x, 5);
    });
  });

  describe("a property that a sample does not speak of", () => {
    it("is missing for a rule that names it and says what to do", () => {
      const rules = readRules([
        { property: "temperature", missing: "constant", fill: 20 },
        { property: "humidity", convert: "integer" },
      ]);
      const { samples, report } = one(createCleaner(rules), { humidity: "45.7" });
      assert.deepEqual(samples[0], {
        id: "press-6",
        ts: 0,
        values: { humidity: 46, temperature: 20 },
        raw: { humidity: "45.7", temperature: null },
        quality: { temperature: "uncertain" },
      });
      assert.equal(report.changed, 2);
      assert.deepEqual(report.rows, { in: 1, out: 1, dropped: 0 });
      assert.deepEqual(report.properties.temperature, {
        ...{
          converted: 0,
          sentinels: 0,
          marked: 0,
          removed: 0,
          clamped: 0,
          replaced: 0,
          filled: 1,
          smoothed: 0,
          held: 0,
        },
        ...{ dropped: 0, stillMissing: 0, passedOver: 0 },
      });
    });

    it("drops the sample when the rule says drop", () => {
      const { dropped } = one(createCleaner(rule({ property: "x", missing: "drop" })), { y: 1 });
      assert.deepEqual(dropped[0]!.row, sample({ y: 1 }));
      assert.equal(dropped[0]!.error.code, "missing");
      assert.ok(!("index" in dropped[0]!.error));
    });

    it("is no business of a rule that keeps what is missing, or of one for *", () => {
      for (const raw of [
        { property: "x", min: 0 },
        { property: "*", missing: "drop" },
      ]) {
        const cleaner = createCleaner(rule(raw));
        one(cleaner, { x: 1, y: 2 });
        const { samples, report } = one(cleaner, { y: 1 });
        assert.deepEqual(samples[0], sample({ y: 1 }));
        assert.equal(report.properties.x, undefined);
      }
    });

    it("stays away when there is nothing to fill it with", () => {
      const { samples, report } = one(createCleaner(rule({ property: "x", missing: "ffill" })), { y: 1 });
      assert.deepEqual(samples[0], sample({ y: 1 }));
      assert.equal(report.properties.x!.stillMissing, 1);
    });
  });

  describe("quality and raw", () => {
    const cases: [string, Record<string, unknown>, unknown, unknown, Quality | undefined, boolean][] = [
      ["untouched", { min: 0 }, 5, 5, undefined, false],
      ["converted keeps its quality", { convert: "number" }, "5", 5, undefined, true],
      ["out of range and marked", { max: 4 }, 5, 5, "uncertain", false],
      ["clamped", { max: 4, onRange: "clamp" }, 5, 4, "uncertain", true],
      ["filled", { missing: "constant", fill: 1 }, null, 1, "uncertain", true],
      ["a sentinel", { sentinels: [-999] }, -999, null, "bad", true],
      ["a sentinel, filled", { sentinels: [-999], missing: "constant", fill: 1 }, -999, 1, "uncertain", true],
      ["text that stands for missing", { convert: "number", sentinels: "n/a" }, "n/a", null, "bad", true],
      ["wrong type counted as missing", { convert: "number", onWrongType: "missing" }, "hot", null, "bad", true],
    ];
    for (const [name, raw, before, after, quality, hasRaw] of cases)
      it(name, () => {
        const { samples } = one(createCleaner(rule({ property: "x", ...raw })), { x: before } as Values);
        assert.equal(samples[0]!.values.x, after);
        assert.deepEqual(samples[0]!.quality, quality && { x: quality });
        assert.deepEqual(samples[0]!.raw, hasRaw ? { x: before } : undefined);
      });

    it("a bad value that was clamped stays bad; other properties keep theirs", () => {
      const cleaner = createCleaner(rule({ property: "x", max: 4, onRange: "clamp" }));
      const { samples } = cleaner.clean([{ ...sample({ x: 5, y: 1 }), quality: { x: "bad", y: "uncertain" } }]);
      assert.deepEqual(samples[0]!.quality, { x: "bad", y: "uncertain" });
    });

    it("what an earlier cleaning wrote into raw stays: it is nearer to the device", () => {
      const cleaner = createCleaner(rule({ property: "x", max: 4, onRange: "clamp" }));
      const { samples } = cleaner.clean([{ ...sample({ x: 5 }), raw: { x: "5.0 V" } }]);
      assert.deepEqual(samples[0]!.raw, { x: "5.0 V" });
    });

    it("a sample that nothing was done to is the same object", () => {
      const before = sample({ x: 1, note: "ok" });
      const { samples, report } = createCleaner(rule({ property: "*", missing: "mean" })).clean([before]);
      assert.equal(samples[0], before);
      assert.equal(report.changed, 0);
    });
  });

  describe("rules for *", () => {
    it("work on all numbers, and on none of the texts", () => {
      const cleaner = createCleaner(rule({ property: "*", missing: "ffill" }));
      one(cleaner, { a: 1, b: 2, note: "x", code: "007", on: true });
      const { samples, report } = one(cleaner, { a: null, b: 3, note: null, code: "008", on: null });
      assert.deepEqual(samples[0]!.values, { a: 1, b: 3, note: null, code: "008", on: null });
      assert.deepEqual(Object.keys(report.properties), ["a", "b"]);
    });

    it("drop a sample whose number is null, although it was never seen before", () => {
      assert.equal(one(createCleaner(rule({ property: "*", missing: "drop" })), { a: null }).dropped.length, 1);
    });

    it("with a conversion take text that is a plain number", () => {
      const { samples } = one(createCleaner(rule({ property: "*", convert: "integer" })), { a: "45.7", b: "x" });
      assert.deepEqual(samples[0]!.values, { a: 46, b: "x" });
    });
  });

  describe("deadband", () => {
    it("holds what differs by less, and lets creep through in steps", () => {
      assert.deepEqual(run({ deadband: 1 }, [5, 5.5, 5.9, 6, 6.5, 4.9]), [5, 5, 5, 6, 6, 4.9]);
    });
  });

  describe("duplicates", () => {
    it("drops a sample that came already, not another one of the same time", () => {
      const cleaner = createCleaner([], { duplicates: "all" });
      const dropped = [
        one(cleaner, { x: 1, y: 2 }, 5),
        one(cleaner, { y: 2, x: 1 }, 5),
        one(cleaner, { x: 1 }, 5),
        one(cleaner, { x: 1, y: 2 }, 6),
        one(cleaner, { x: 1, y: 2 }, 5, "other"),
      ].map((result) => result.dropped.map(({ error }) => error.code));
      assert.deepEqual(dropped, [[], ["duplicate"], [], [], []]);
    });

    it("within a batch, with the index", () => {
      const { dropped, report } = createCleaner([], { duplicates: "all" }).clean([sample({ x: 1 }), sample({ x: 1 })]);
      assert.equal(dropped[0]!.error.index, 1);
      assert.deepEqual(report.reasons, { duplicate: 1 });
    });
  });

  describe("memory", () => {
    it("the twin not heard of for longest is forgotten beyond maxTwins", () => {
      const cleaner = createCleaner(rule({ property: "x", missing: "ffill" }), { maxTwins: 2 });
      one(cleaner, { x: 1 }, 0, "a");
      one(cleaner, { x: 2 }, 0, "b");
      one(cleaner, { x: null }, 0, "a");
      one(cleaner, { x: 3 }, 0, "c");
      assert.equal(one(cleaner, { x: null }, 0, "a").samples[0]!.values.x, 1);
      assert.equal(one(cleaner, { x: null }, 0, "b").samples[0]!.values.x, null);
    });

    it("100,000 twins and a twin with 100,000 names stay within 20 MB", function () {
      this.timeout(20_000);
      const cleaner = createCleaner(readRules([{ property: "*", missing: "ffill" }]), {
        duplicates: "all",
        maxTwins: 1000,
      });
      const before = heapInUse();
      for (let i = 0; i < 100_000; i++) one(cleaner, { x: i, note: "n" }, i, `twin-${i}`);
      for (let i = 0; i < 100_000; i++) one(cleaner, { [`p${i}`]: i, [`t${i}`]: "text" }, i, "one");
      const grown = heapInUse() - before;
      assert.ok(grown < 20e6, `${grown} bytes`);
      // Used after the measurement, so that it was not collected before.
      assert.equal(one(cleaner, { x: null }, 200_000, "twin-99999").samples[0]!.values.x, 99_999);
    });
  });

  describe("a stream and a table of one rule", () => {
    const machine = readFixture<Record<string, (number | null)[]>>("machine-temperature.json");
    for (const [raw, reference] of [
      [{ missing: "ffill", maxGap: 3 }, "ffill(limit=3)"],
      [{ smooth: "mean" }, "rolling(5, min_periods=1).mean()"],
      [{ smooth: "median" }, "rolling(5, min_periods=1).median()"],
      [{ smooth: "ewma", window: 5 }, "ewm(span=5, adjust=False, ignore_na=True).mean()"],
    ] as const)
      it(`${JSON.stringify(raw)} sample by sample is ${reference}`, () =>
        assertAgree(run(raw, machine.value!), machine[reference]!, reference));

    it("are the same wherever the rule looks back only", () => {
      const cell = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(null, "", "4.5", -999));
      const looksBack = fc.record({
        property: fc.constant("x"),
        convert: fc.constantFrom("none", "number", "integer"),
        sentinels: fc.constantFrom([], [-999]),
        min: fc.constantFrom(undefined, -5),
        onRange: fc.constantFrom("mark", "drop", "clamp"),
        missing: fc.constantFrom("keep", "drop", "constant", "ffill"),
        fill: fc.constant(1),
        maxGap: fc.constantFrom(undefined, 2, "3s"),
        outlier: fc.constantFrom("none", "hampel", "zscore", "iqr"),
        window: fc.constantFrom(4, 6, "9s"),
        k: fc.constant(1),
        onOutlier: fc.constantFrom("mark", "drop", "replace"),
        smooth: fc.constantFrom("none", "mean", "median"),
        deadband: fc.constantFrom(0, 2),
      });
      const series = fc.array(fc.record({ x: cell, after: fc.integer({ min: 0, max: 3000 }) }), {
        maxLength: 40,
        size: "max",
      });
      fc.assert(
        fc.property(
          series,
          fc.array(looksBack, { maxLength: 2 }),
          fc.integer({ min: 1, max: 9 }),
          (steps, raw, size) => {
            const rules = readRules(raw);
            let time = 0;
            const rows = steps.map(({ x, after }) => {
              time += after;
              return { time, x: x as number | string | null };
            });
            const table = cleanTable(rows, rules);
            const stream = createCleaner(rules);
            const inBatches = createCleaner(rules);
            const samples = rows.map((row) => sample({ x: row.x }, row.time));
            const single = samples.flatMap((each) => stream.clean([each]).samples);
            const batched = [];
            for (let i = 0; i < samples.length; i += size)
              batched.push(...inBatches.clean(samples.slice(i, i + size)).samples);
            assert.deepEqual(single, batched);
            assert.deepEqual(
              single.map(({ ts, values }) => ({ time: ts, x: values.x })),
              table.rows,
            );
          },
        ),
        { numRuns: 1500 },
      );
    });
  });

  it("nothing that came in is changed, and no NaN comes out", () => {
    const cell = fc.oneof(fc.double(), fc.constantFrom(null, "", "x", "7", true, -999)) as fc.Arbitrary<Values[string]>;
    const values = fc.dictionary(fc.constantFrom("x", "y"), cell, { noNullPrototype: true });
    const samples = fc.array(
      fc.record({ id: fc.constantFrom("a", "b"), ts: fc.nat(100), values }, { noNullPrototype: true }),
      { maxLength: 12 },
    );
    const rules = readRules([
      { property: "x", convert: "integer", max: 50, onRange: "clamp", missing: "ffill", onWrongType: "missing" },
      { property: "*", outlier: "hampel", window: 5, onOutlier: "replace", missing: "linear", smooth: "mean" },
    ]);
    fc.assert(
      fc.property(fc.array(samples, { maxLength: 4 }), (batches) => {
        const before = structuredClone(batches);
        const cleaner = createCleaner(rules, { duplicates: "all" });
        for (const batch of batches) {
          const { samples: out, dropped, report } = cleaner.clean(batch);
          assert.equal(out.length + dropped.length, batch.length);
          assert.equal(report.rows.out, out.length);
          for (const { values } of out) for (const value of Object.values(values)) assert.ok(!Number.isNaN(value));
        }
        assert.deepEqual(batches, before);
      }),
      { numRuns: 500 },
    );
  });
});
