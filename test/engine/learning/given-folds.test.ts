import assert from "node:assert/strict";
import { type AccuracyTable, compared } from "../../../bench/lib/accuracy-table";
import { readFixture } from "./references";

// scikit-learn's means and standard deviations over ten seeds, with their source: the fixture. Many more tables, half an hour: bench/accuracy.ts.
const { tables } = readFixture<{ tables: AccuracyTable[] }>("given-folds.json");

describe("on given folds we are not below scikit-learn's mean less two of its standard deviations", function () {
  this.timeout(60_000);
  for (const table of tables)
    it(table.name, () => {
      const rows = compared(table, 4);
      assert.ok(rows.length >= 2);
      for (const { sklearn, metric, theirs, ours, met } of rows)
        assert.ok(
          met && Number.isFinite(ours.mean),
          `${sklearn}, ${metric}: ${ours.mean}, scikit-learn ${theirs.mean} ± ${theirs.sd}`,
        );
    });
});
