import type { RefusalInfo } from "../contract/errors";
import type { Row } from "../contract/messages";
import { type CategoryCodes, createCategoryCodes } from "./category-codes";
import { cleanLane } from "./clean-lane";
import type { Touch } from "./cleaning-report";
import { allNumbers, type CleaningRule } from "./cleaning-rule";
import type { LaneMemory } from "./lane";

/** Rows of one twin, or of one group of a table: values are carried among them only. */
export interface Group {
  /** Indexes of the rows, in order. */
  rows: number[];
  /** Properties that a rule for `*` works on. */
  numbers(rule: CleaningRule): Iterable<string>;
  memory(ruleIndex: number, property: string): LaneMemory;
}

export interface RowsJob {
  rows: readonly Row[];
  /** Why a row is dropped; filled in here, and respected where it is filled already. */
  errors: (RefusalInfo | undefined)[];
  /** Milliseconds of each row, where known. */
  times: readonly number[] | undefined;
  groups: readonly Group[];
  /** Whether the whole column is known, as in a table. */
  whole: boolean;
  /** By rule, the codes of its labels: the same for all groups. See {@link createRuleCategories}. */
  categories: RuleCategories;
}

/** By index of the rule. */
export type RuleCategories = readonly (CategoryCodes | undefined)[];

/** @param known by index of the rule, the labels that had come before */
export const createRuleCategories = (
  rules: readonly CleaningRule[],
  known: readonly (readonly string[] | undefined)[] = [],
): RuleCategories =>
  rules.map((rule, r) => (rule.convert === "category" ? createCategoryCodes(rule.categories, known[r]) : undefined));

/** For the report: the labels by property, where there are any. */
export function labelsOf(
  rules: readonly CleaningRule[],
  categories: RuleCategories,
): Record<string, readonly string[]> | undefined {
  let labels: Record<string, readonly string[]> | undefined;
  for (let r = 0; r < categories.length; r++) {
    const codes = categories[r];
    if (codes) labels = { ...labels, [rules[r]!.property]: codes.labels };
  }
  return labels;
}

/**
 * Applies rules one after another. A row dropped by one is not seen by the next. Nothing that came in is changed: changed
 * rows are copies, with the same keys in the same order.
 */
export function cleanRows(
  rules: readonly CleaningRule[],
  job: RowsJob,
): { outs: (Row | undefined)[]; touches: Touch[] } {
  const outs: (Row | undefined)[] = new Array(job.rows.length).fill(undefined);
  const touches: Touch[] = [];
  for (const group of job.groups)
    for (let r = 0; r < rules.length; r++) {
      const rule = rules[r]!;
      if (rule.property !== allNumbers) clean(rule, r, rule.property, group);
      else for (const property of group.numbers(rule)) clean(rule, r, property, group);
    }
  return { outs, touches };

  function clean(rule: CleaningRule, ruleIndex: number, property: string, group: Group): void {
    const { rows, errors, times } = job;
    // On a stream a sample may speak of some properties only: what a rule for `*` or one that keeps what is missing does
    // not find is not missing. A rule that names a property and says what to do without it, misses it.
    const absentIsMissing = job.whole || (rule.property !== allNumbers && rule.missing !== "keep");
    const indexes: number[] = [];
    const cells: unknown[] = [];
    const flags: number[] = [];
    const faults: (RefusalInfo | undefined)[] = [];
    const laneTimes: number[] | undefined = times && [];
    for (const row of group.rows) {
      if (errors[row] !== undefined) continue;
      const from = outs[row] ?? rows[row]!;
      const present = Object.hasOwn(from, property);
      if (!present && !absentIsMissing) continue;
      indexes.push(row);
      cells.push(present ? from[property] : undefined);
      flags.push(0);
      faults.push(undefined);
      laneTimes?.push(times![row]!);
    }
    if (indexes.length === 0) return;
    const lane = {
      property,
      cells,
      flags,
      errors: faults,
      times: laneTimes,
      whole: job.whole,
      categories: job.categories[ruleIndex],
    };
    cleanLane(rule, lane, group.memory(ruleIndex, property));
    touches.push({ property, rows: indexes, flags });
    for (let i = 0; i < indexes.length; i++) {
      const row = indexes[i]!;
      const error = faults[i];
      if (error !== undefined) {
        errors[row] = error;
        continue;
      }
      const value = cells[i];
      const from = outs[row] ?? rows[row]!;
      // A cell that stays missing leaves as null, whatever its form was; one that is not there stays away.
      if (flags[i] === 0 || value === from[property] || (value === null && !Object.hasOwn(from, property))) continue;
      outs[row] ??= { ...rows[row]! };
      outs[row]![property] = value;
    }
  }
}
