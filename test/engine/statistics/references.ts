import { readFileSync } from "node:fs";
import path from "node:path";
import type { StatisticsTable } from "../../../engine/statistics/statistics-table";
import { rowsOf, type TableOptions, tableBuilder } from "../../../engine/statistics/table-builder";

const root = path.join(__dirname, "../../../..");

/** Reference values with their source: see make.py and make.R in test/fixtures/statistics. */
export const readFixture = <T>(name: string): T =>
  JSON.parse(readFileSync(path.join(root, "test/fixtures/statistics", name), "utf8")) as T;

export const tableOf = (rows: readonly unknown[], options: TableOptions = {}): StatisticsTable =>
  tableBuilder(rowsOf(rows), options).finish();

/** Missing values as NaN. */
export const numbersOf = (values: readonly (number | null)[]): Float64Array =>
  Float64Array.from(values, (value) => value ?? Number.NaN);

/** A column for `correlate`. */
export const columnOf = (values: readonly (number | null)[], name = "x"): { name: string; values: Float64Array } => ({
  name,
  values: numbersOf(values),
});
