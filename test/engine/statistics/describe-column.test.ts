import assert from "node:assert/strict";
import { type ColumnStatistics, describeColumn } from "../../../engine/statistics/describe-column";
import { describeTable } from "../../../engine/statistics/describe-table";
import { assertDigits, readCsv } from "../learning/references";
import { numbersOf, readFixture, tableOf } from "./references";

type Described = Record<string, ColumnStatistics>;
interface Fixture {
  columns: Described;
  "by code": Record<string, Described>;
  numeric: string[];
  small: [(number | null)[], ColumnStatistics][];
}

/** Every number of pandas and scipy, to the digits that two ways of adding up leave. */
function assertSame(actual: ColumnStatistics, expected: ColumnStatistics, what: string): void {
  assert.deepEqual([actual.count, actual.missing], [expected.count, expected.missing], what);
  for (const key of Object.keys(expected) as (keyof ColumnStatistics)[]) {
    const value = expected[key] as number | null;
    const found = actual[key] as number | null;
    if (value === null || value === 0)
      assert.ok(found === value || Math.abs(found ?? 1) < 1e-13, `${what} ${key}: ${found}`);
    else assertDigits(found, value, 12, `${what} ${key}`);
  }
}

describe("describing a column", () => {
  const fixture = readFixture<Fixture>("describe.json");

  it("agrees with pandas and scipy on real batches with blank cells, whole and by group", () => {
    const table = tableOf(readCsv("tablet_batches_codes13_23.csv"), { by: "code" });
    const { columns, groups, skipped } = describeTable(table);
    assert.deepEqual(Object.keys(columns).sort(), fixture.numeric.filter((name) => name !== "code").sort());
    assert.deepEqual(skipped, ["strength", "start"]);
    for (const [name, expected] of Object.entries(fixture.columns)) assertSame(columns[name]!, expected, name);
    assert.deepEqual(
      groups?.map(({ group, rows }) => [group, rows]),
      [
        [13, 131],
        [23, 187],
      ],
    );
    for (const { group, columns: theirs } of groups ?? [])
      for (const [name, expected] of Object.entries(fixture["by code"][String(group)]!))
        assertSame(theirs[name]!, expected, `${name} of ${group}`);
  });

  for (const [values, expected] of fixture.small.filter(([, { sd }]) => sd === null || sd === 0 || sd > 1e-15))
    it(`agrees with pandas on ${values.length} values: ${JSON.stringify(values.slice(0, 7))}`, () => {
      assertSame(describeColumn(numbersOf(values)), expected, "");
    });

  it("has no spread where all values are equal, however they add up", () => {
    const { sd, skewness, kurtosis, mean } = describeColumn(new Float64Array(12).fill(0.1));
    assert.deepEqual([mean, sd, skewness, kurtosis], [0.1, 0, 0, 0]);
  });

  it("counts infinite values as missing, and gives null and never NaN where numbers are too great", () => {
    const huge = describeColumn(Float64Array.of(1.7e308, -1.7e308, Number.POSITIVE_INFINITY, 1.6e308, 1e308));
    assert.deepEqual([huge.count, huge.missing, huge.max], [4, 1, 1.7e308]);
    for (const value of Object.values(huge)) assert.ok(value === null || Number.isFinite(value), String(value));
  });

  it("leaves the column as it was", () => {
    const values = Float64Array.of(3, Number.NaN, 1, 2);
    describeColumn(values, 1);
    assert.deepEqual([...values], [3, Number.NaN, 1, 2]);
  });
});
