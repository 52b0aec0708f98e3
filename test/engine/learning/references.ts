import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { RefusalInfo } from "../../../engine/contract/errors";
import { Refusal } from "../../../engine/contract/errors";
import type { Row, Table } from "../../../engine/contract/messages";

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
