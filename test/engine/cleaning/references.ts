import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "csv-parse/sync";
import type { CleaningRule } from "../../../engine/cleaning/cleaning-rule";
import { readRules } from "../../../engine/cleaning/read-rules";
import type { Row } from "../../../engine/contract/messages";

/** Reference values with their source: see test/fixtures/cleaning/make_fixtures.py. */
export function readFixture<T>(name: string): T {
  const root = path.join(__dirname, "../../../..");
  return JSON.parse(readFileSync(path.join(root, "test/fixtures/cleaning", name), "utf8")) as T;
}

/** A table of the demo data as a `csv` node gives it, every cell as text. */
export function readDemo(name: string): Row[] {
  const file = path.join(__dirname, "../../../../examples/data", name);
  return parse(readFileSync(file, "utf8"), { columns: true }) as Row[];
}

/** Whether two columns agree cell by cell, numbers to 12 digits. */
export function agree(actual: readonly unknown[], expected: readonly unknown[]): boolean {
  return (
    actual.length === expected.length &&
    actual.every((a, i) => {
      const e = expected[i];
      if (typeof a !== "number" || typeof e !== "number") return a === e;
      return Math.abs(a - e) <= 1e-12 * Math.max(1, Math.abs(e));
    })
  );
}

export function assertAgree(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  if (agree(actual, expected)) return;
  const at = expected.findIndex((_, i) => !agree([actual[i]], [expected[i]]));
  assert.fail(`${what}: cell ${at} is ${String(actual[at])}, the reference says ${String(expected[at])}`);
}

export const rule = (raw: Record<string, unknown>): CleaningRule[] => readRules([raw]);
