import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { RefusalInfo } from "../../../engine/contract/errors";
import { Refusal } from "../../../engine/contract/errors";
import type { Row, Table } from "../../../engine/contract/messages";
import type { Dataset } from "../../../engine/learning/dataset";

const root = path.join(__dirname, "../../../..");

/** Reference values with their source: see test/fixtures/learning/make.py and make.R. */
export const readFixture = <T>(name: string): T =>
  JSON.parse(readFileSync(path.join(root, "test/fixtures/learning", name), "utf8")) as T;

export const readJson = <T>(file: string): T => JSON.parse(readFileSync(path.join(root, file), "utf8")) as T;

/** A shipped data file as the csv node gives it with numbers left as text: every cell a string. */
export function readCsv(name: string): Table {
  const [head, ...lines] = readFileSync(path.join(root, "examples/data", name), "utf8")
    .trim()
    .split(/\r?\n/);
  const columns = head!.split(",");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(columns.map((column, i) => [column, cells[i]])) as Row;
  });
}

/** Number of leading digits that agree (the log relative error of NIST). */
export function digits(actual: number | null, expected: number): number {
  if (actual === null || Number.isNaN(actual)) return 0;
  if (actual === expected) return 16;
  return -Math.log10(Math.abs(actual - expected) / (expected === 0 ? 1 : Math.abs(expected)));
}

export function assertDigits(actual: number | null, expected: number, least: number, what: string): void {
  const found = digits(actual, expected);
  assert.ok(
    found >= least,
    `${what}: ${actual} agrees with ${expected} to ${found.toFixed(1)} digits, ${least} are needed`,
  );
}

/** What a refusal says. */
export function refusalOf(action: () => unknown): RefusalInfo {
  try {
    action();
  } catch (error) {
    if (error instanceof Refusal) return error.info;
    throw error;
  }
  assert.fail("nothing was refused");
}

/** What sensors measure in the machines of AI4I. `Type` is a category beside it. */
export const measured = [
  "Air temperature [K]",
  "Process temperature [K]",
  "Rotational speed [rpm]",
  "Torque [Nm]",
  "Tool wear [min]",
];

/** So many rows of nothing, for what looks at their number and order. */
export const emptyRows = (rows: number, more: Partial<Dataset> = {}): Dataset => ({
  rows,
  features: [],
  target: { name: "y", values: new Float64Array(rows) },
  dropped: 0,
  warnings: [],
  ...more,
});
