import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesPattern } from "../../../engine/contract/matches-pattern";
import type { Row, Values } from "../../../engine/contract/messages";
import { accumulatorsFor } from "../../../engine/history/accumulator";
import { createAnswer } from "../../../engine/history/answer";
import { answerQuery, type HistorySource } from "../../../engine/history/answer-query";
import type { StoredValue } from "../../../engine/history/check-sample";
import { fillWindows, windowOf } from "../../../engine/history/fill-windows";
import { type HistoryQuery, readHistoryQuery } from "../../../engine/history/history-query";

type Named = Exclude<HistoryQuery["aggregate"], "none">;

function aggregate(name: Named, values: StoredValue[]): StoredValue | null {
  const accumulator = accumulatorsFor(name)();
  for (const value of values) accumulator.add(value);
  return accumulator.result();
}

describe("accumulators", () => {
  for (const [name, values, result] of [
    ["mean", [1, 2, 6], 3],
    ["min", [3, -1, 2], -1],
    ["max", [3, -1, 2], 3],
    ["first", ["a", 2], "a"],
    ["first", [false, true], false],
    ["last", ["a", 2, true], true],
    ["count", ["a", 2, true], 3],
    ["median", [5], 5],
    ["median", [9, 1, 5], 5],
    ["median", [4, 1, 3, 2], 2.5],
    ["stddev", [2, 4, 4, 4, 5, 5, 7, 9], Math.sqrt(32 / 7)],
    ["stddev", [5], null],
    ["mean", [1e308, 1e308], null],
  ] as [Named, StoredValue[], StoredValue | null][])
    it(`${name} of ${JSON.stringify(values)} is ${result}`, () => assert.equal(aggregate(name, values), result));

  for (const name of ["mean", "min", "max", "median", "stddev"] as const)
    it(`${name} does not count texts and booleans`, () => {
      const accumulator = accumulatorsFor(name)();
      assert.equal(accumulator.add("12"), false);
      assert.equal(accumulator.add(true), false);
      assert.equal(accumulator.add(1), true);
    });

  // NIST StRD NumAcc3 and NumAcc4 (https://www.itl.nist.gov/div898/strd/univ/numacc4.html): certified mean 1000000.2 and
  // 10000000.2, standard deviation 0.1.
  for (const [name, base] of [
    ["NumAcc3", 1_000_000],
    ["NumAcc4", 10_000_000],
  ] as const)
    it(`mean and standard deviation of NIST's ${name}`, () => {
      const values = [base + 0.2];
      for (let i = 0; i < 500; i++) values.push(base + 0.1, base + 0.3);
      assert.ok(Math.abs((aggregate("mean", values) as number) - (base + 0.2)) <= base * 1e-15);
      assert.ok(Math.abs((aggregate("stddev", values) as number) - 0.1) < 1e-8);
    });

  it("a mean does not lose small values beside large ones", () => {
    assert.equal(aggregate("mean", [1e16, 1, -1e16, 1]), 0.5);
  });

  it("the median is the middle of any list", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }), { minLength: 1 }),
        (values) => {
          const sorted = [...values].sort((a, b) => a - b);
          const middle = sorted.length >> 1;
          const expected = sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
          // -0 and 0 are one number here: half of the smallest negative double is -0.
          assert.equal((aggregate("median", values) as number) + 0, expected + 0);
        },
      ),
    );
  });
});

describe("fillWindows", () => {
  it("begins windows at multiples of their length, before 1970 too", () => {
    assert.equal(windowOf(61_000, 60_000), 60_000);
    assert.equal(windowOf(-1, 60_000), -60_000);
    assert.equal(windowOf(-60_000, 60_000), -60_000);
  });

  it("gives every window from the one of start to the one of end, once", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -500, max: 500 }),
        fc.nat(500),
        fc.integer({ min: 1, max: 60 }),
        (start, length, windowMs) => {
          const query = {
            ...readHistoryQuery({}, 0),
            start,
            end: start + length,
            windowMs,
            aggregate: "mean",
            fill: "null",
          } as const;
          const at = windowOf(start + Math.floor(length / 2), windowMs);
          const times = fillWindows([{ time: at, values: new Map([["a", 1]]) }], query).map(({ time }) => time);
          assert.equal(times[0], windowOf(start, windowMs));
          assert.equal(times.at(-1), windowOf(start + length, windowMs));
          for (let i = 1; i < times.length; i++) assert.equal(times[i]! - times[i - 1]!, windowMs);
          assert.ok(times.includes(at));
        },
      ),
    );
  });
});

function sourceOf(data: Record<string, [number, Values][]>): HistorySource & { read: number } {
  const source = {
    read: 0,
    ids: () => Object.keys(data).sort(),
    *samples(id: string, start: number, end: number) {
      for (const [ts, values] of data[id] ?? []) {
        if (ts < start || ts > end) continue;
        source.read++;
        yield { ts, values };
      }
    },
  };
  return source;
}

function rowsOf(query: Partial<HistoryQuery>, source: HistorySource, maxCells?: number): Row[] {
  const whole: HistoryQuery = { ...readHistoryQuery({}, 0), start: 0, end: 1e6, ...query };
  const answer = createAnswer(whole, maxCells);
  answerQuery(whole, source, answer);
  return [...answer.chunks()].flat();
}

describe("answers", () => {
  const grid = Object.fromEntries(
    ["c", "a", "b"].map((id) => [id, Array.from({ length: 2000 }, (_, i): [number, Values] => [i, { n: i }])]),
  );

  it("are in order of time, then id, whatever order they were found in", () => {
    const rows = rowsOf({}, sourceOf(grid));
    assert.equal(rows.length, 6000);
    for (const [i, row] of rows.entries()) {
      assert.equal(row.time, Math.floor(i / 3));
      assert.equal(row.id, "abc"[i % 3]);
    }
  });

  it("with a limit read and keep little more than that", () => {
    const source = sourceOf(grid);
    const rows = rowsOf({ limit: 5 }, source);
    assert.deepEqual(
      rows.map(({ time, id }) => `${time}${id}`),
      ["0a", "0b", "0c", "1a", "1b"],
    );
    assert.ok(source.read <= 15, `${source.read} read`);
    // A bound that would be far too small for what is there.
    assert.equal(rowsOf({ limit: 100 }, sourceOf(grid), 150).length, 100);
  });

  it("are bounded in cells, counted before they are made", () => {
    assert.throws(() => rowsOf({}, sourceOf(grid), 5999), { code: "too-large" });
    assert.equal(rowsOf({}, sourceOf(grid), 6000).length, 6000);
    const one = sourceOf({ a: [[0, { n: 1 }]] });
    const windows: Partial<HistoryQuery> = { aggregate: "mean", windowMs: 1, fill: "null", end: 1e14 };
    assert.throws(() => rowsOf(windows, one), { code: "too-large" });
  });

  it("bound the windows that have values, too", () => {
    const many = sourceOf({ a: Array.from({ length: 5000 }, (_, i): [number, Values] => [i, { n: i }]) });
    assert.throws(() => rowsOf({ aggregate: "last", windowMs: 1 }, many, 3000), { code: "too-large" });
    assert.ok(many.read < 5000);
  });
});

describe("matchesPattern", () => {
  it("is a regular expression with .* for stars", () => {
    const text = (characters: string): fc.Arbitrary<string> =>
      fc.array(fc.constantFrom(...characters), { maxLength: 8 }).map((list) => list.join(""));
    fc.assert(
      fc.property(text("ab."), text("ab.*"), (id, pattern) => {
        const expression = new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", ".*")}$`);
        assert.equal(matchesPattern(id, pattern), expression.test(id));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes no time over a pattern made to take long", () => {
    const begun = performance.now();
    assert.equal(matchesPattern(`${"a".repeat(127)}b`, `${"*a".repeat(63)}*c`), false);
    assert.ok(performance.now() - begun < 100);
  });
});
