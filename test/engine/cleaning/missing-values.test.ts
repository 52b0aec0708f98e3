import assert from "node:assert/strict";
import { cleanTable } from "../../../engine/cleaning/clean-table";
import { createCleaner } from "../../../engine/cleaning/create-cleaner";
import type { Row, Scalar } from "../../../engine/contract/messages";
import { agree, assertAgree, readDemo, readFixture, rule } from "./references";

type Cells = (number | null)[];

describe("missing values, cell by cell as pandas", () => {
  describe("a whole real temperature of 22,695 readings with 80 gaps", () => {
    const { gaps, holes, ...expected } = readFixture<
      Record<string, Cells> & { gaps: [number, number][]; holes: number[] }
    >("whole-temperature.json");
    const real = readDemo("machine_temperature.csv");
    const isHole = new Set(holes);
    const rows: Row[] = real.map((row, i) => (isHole.has(i) ? { ...row, value: "" } : row));

    const strategies: [Record<string, unknown>, string][] = [
      [{ missing: "constant", fill: 20 }, "fillna(20)"],
      [{ missing: "ffill" }, "ffill()"],
      [{ missing: "ffill", maxGap: 1 }, "ffill(limit=1)"],
      [{ missing: "ffill", maxGap: 6 }, "ffill(limit=6)"],
      [{ missing: "ffill", maxGap: "17m" }, "ffill() where the last value is at most 17 min old"],
      [{ missing: "bfill" }, "bfill()"],
      [{ missing: "bfill", maxGap: 6 }, "bfill(limit=6)"],
      [{ missing: "bfill", maxGap: "17m" }, "bfill() where the next value is at most 17 min ahead"],
      [{ missing: "mean" }, "fillna(mean())"],
      [{ missing: "median" }, "fillna(median())"],
      [{ missing: "linear" }, 'interpolate(limit_area="inside")'],
      [{ missing: "linear", maxGap: 6 }, 'interpolate(limit=6, limit_area="inside")'],
      [{ missing: "linear", by: "time" }, 'interpolate(method="time", limit_area="inside")'],
      [{ missing: "linear", by: "time", maxGap: 6 }, 'interpolate(method="time", limit=6, limit_area="inside")'],
    ];

    it("has its gaps where the reference has them, at both ends too", () => {
      assert.equal(real.length, 22_695);
      assert.deepEqual(
        [gaps[0], gaps.at(-1)],
        [
          [0, 4],
          [22_692, 3],
        ],
      );
      assert.ok(holes.length > 1000);
    });

    for (const [raw, reference] of strategies)
      it(`${JSON.stringify(raw)} is ${reference}`, () => {
        const { rows: out, report } = cleanTable(rows, rule({ property: "value", convert: "number", ...raw }));
        assertAgree(
          holes.map((i) => out[i]!.value),
          expected[reference]!,
          reference,
        );
        out.forEach((row, i) => {
          if (!isHole.has(i)) assert.equal(row.value, Number(real[i]!.value), `row ${i} was not missing`);
        });
        const open = expected[reference]!.filter((cell) => cell === null).length;
        assert.equal(report.properties.value!.stillMissing, open);
        assert.equal(report.properties.value!.filled, holes.length - open);
      });

    it("a sentinel fills as a blank does", () => {
      const named = real.map((row, i) => (isHole.has(i) ? { ...row, value: i % 2 ? -999 : "n/a" } : row));
      const linear = { property: "value", convert: "number", missing: "linear", sentinels: "-999, n/a" };
      const { rows: out, report } = cleanTable(named, rule(linear));
      const values = holes.map((i) => out[i]!.value);
      assertAgree(values, expected['interpolate(limit_area="inside")']!, "sentinels");
      assert.equal(report.properties.value!.sentinels, holes.length);
      const kept = cleanTable(named, rule({ ...linear, sentinels: [], onWrongType: "missing" })).rows;
      assert.equal(kept[holes.find((i) => i % 2)!]!.value, -999, "without the rule -999 is a temperature");
    });

    const streams: [Record<string, unknown>, string][] = [
      [{ missing: "ffill", maxGap: 6 }, "ffill(limit=6)"],
      [{ missing: "mean" }, "fillna(expanding().mean().ffill())"],
      [{ missing: "median" }, "fillna(dropna().rolling(100, min_periods=1).median().ffill())"],
    ];
    for (const [raw, reference] of streams)
      it(`on a stream ${JSON.stringify(raw)} is ${reference}`, () => {
        const cleaner = createCleaner(rule({ property: "value", convert: "number", ...raw }));
        const out = rows.map(
          ({ value }, i) =>
            cleaner.clean([{ id: "m", ts: i * 300_000, values: { value: value as Scalar } }]).samples[0]!.values.value,
        );
        assertAgree(
          holes.map((i) => out[i]),
          expected[reference]!,
          reference,
        );
      });

    it("no two of the references are the same", () => {
      // Nearly all rows are 5 min apart: by row and by time differ in machine-temperature.json.
      const names = strategies.flatMap(([{ by }, name]) => (by === "time" ? [] : [name]));
      for (const a of names)
        for (const b of names) assert.equal(agree(expected[a]!, expected[b]!), a === b, `${a} ${b}`);
    });
  });

  describe("a whole real lab table of 318 batches with 30 blank cells", () => {
    const { rows: at, ...expected } = readFixture<Record<string, Record<string, Cells>>>("lab-blanks.json");
    const lab = readDemo("tablet_batches_codes13_23.csv");

    for (const [raw, reference] of [
      [{ missing: "constant", fill: 0 }, "fillna(0)"],
      [{ missing: "ffill" }, "ffill()"],
      [{ missing: "ffill", maxGap: 2 }, "ffill(limit=2)"],
      [{ missing: "bfill" }, "bfill()"],
      [{ missing: "bfill", maxGap: 2 }, "bfill(limit=2)"],
      [{ missing: "mean" }, "fillna(mean())"],
      [{ missing: "median" }, "fillna(median())"],
      [{ missing: "linear" }, 'interpolate(limit_area="inside")'],
      [{ missing: "linear", maxGap: 2 }, 'interpolate(limit=2, limit_area="inside")'],
    ] as const)
      it(`${JSON.stringify(raw)} for * is ${reference}`, () => {
        const { rows: out, dropped } = cleanTable(lab, rule({ property: "*", convert: "number", ...raw }));
        assert.equal(dropped.length, 0);
        for (const [column, cells] of Object.entries(expected[reference]!))
          assertAgree(
            (at![column] as number[]).map((i) => out[i]![column]),
            cells,
            `${column} ${reference}`,
          );
        assert.deepEqual(
          out.map((row) => row.start),
          lab.map((row) => row.start),
        );
      });
  });
});
