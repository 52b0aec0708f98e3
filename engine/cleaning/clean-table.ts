import { quote, Refusal, type RefusalInfo, refuse } from "../contract/errors";
import { isTwinId } from "../contract/identity";
import { isMissing, type Row, toNumber } from "../contract/messages";
import { isSentinel } from "./check-values";
import { cleanRows, createRuleCategories, type Group, labelsOf } from "./clean-rows";
import { type CleaningReport, reportOf } from "./cleaning-report";
import type { CleaningRule } from "./cleaning-rule";
import type { CleaningTrace } from "./cleaning-trace";
import { findDuplicates } from "./find-duplicates";
import { newMemory } from "./lane";
import { timeColumnOf, toTime } from "./read-times";

export interface TableOptions {
  /** Drops rows that are the same as an earlier one, before any rule. @default false */
  dropDuplicates?: boolean;
  /** Column that holds a row's time. @default the first of time, ts, timestamp, datetime, date */
  timeColumn?: string;
  /**
   * Column that says whose a row is: values are carried, averaged and judged within a group only.
   * @default `id` where the table looks like twin-query's: a column `time`, and twin ids of which some come more than once
   */
  groupBy?: string;
  /** Told what was done cell by cell. To be read only. */
  trace?(trace: CleaningTrace<Row>): void;
}

/** A row that was dropped, as it came, and why. `error.index` is its place in what came in. */
export interface Dropped<T> {
  row: T;
  error: RefusalInfo;
}

export interface CleanedTable {
  rows: Row[];
  dropped: Dropped<Row>[];
  report: CleaningReport;
}

/**
 * Cleans a table. Order of rows, extra columns and the order of columns are kept, and nothing that came in is changed.
 * Throws a `Refusal` (`bad-time`) when a rule goes by time and the table has none.
 */
export function cleanTable(
  table: readonly Row[],
  rules: readonly CleaningRule[],
  { dropDuplicates = false, timeColumn = "", groupBy = "", trace }: TableOptions = {},
): CleanedTable {
  const errors: (RefusalInfo | undefined)[] = new Array(table.length).fill(undefined);
  const rows = table.map((row, i) => {
    if (typeof row === "object" && row !== null && !Array.isArray(row)) return row;
    errors[i] = refuse("wrong-type", `Row ${i} is ${quote(row)}.`, "Send each row as an object of columns.");
    return {};
  });
  if (dropDuplicates)
    findDuplicates(rows).forEach((duplicate, i) => {
      if (duplicate && errors[i] === undefined)
        errors[i] = refuse(
          "duplicate",
          `Row ${i} is the same as an earlier one.`,
          "Nothing is lost: that one goes on.",
        );
    });

  const time = timeColumnOf(rows, timeColumn);
  const times = rules.some(needsTimes) ? timesOf(rows, time) : undefined;
  const owner = groupBy !== "" ? groupBy : looksLikeTwins(rows, time) ? "id" : undefined;
  const groups = groupRows(rows, owner).map((indexes): Group => {
    const numbers = new Map<CleaningRule, string[]>();
    return {
      rows: indexes,
      numbers(rule) {
        const found = numbers.get(rule) ?? numberColumns(rows, indexes, rule, new Set([time, owner]));
        numbers.set(rule, found);
        return found;
      },
      memory: newMemory,
    };
  });

  const categories = createRuleCategories(rules);
  const { outs, touches } = cleanRows(rules, { rows, errors, times, groups, whole: true, categories });
  trace?.({ items: rows, outs, errors, touches });
  const good: Row[] = [];
  const dropped: Dropped<Row>[] = [];
  for (let i = 0; i < rows.length; i++) {
    const error = errors[i];
    if (error === undefined) good.push(outs[i] ?? rows[i]!);
    else dropped.push({ row: table[i]!, error: { ...error, index: i } });
  }
  const report = reportOf(rows, outs, errors, touches, true, labelsOf(rules, categories));
  return { rows: good, dropped, report };
}

const needsTimes = (rule: CleaningRule): boolean =>
  rule.by === "time" ||
  rule.maxGap?.unit === "ms" ||
  rule.stuck?.unit === "ms" ||
  rule.maxRate !== Number.POSITIVE_INFINITY ||
  (rule.window?.unit === "ms" && (rule.outlier !== "none" || rule.smooth !== "none"));

function timesOf(rows: readonly Row[], column: string | undefined): number[] {
  if (rows.length === 0) return [];
  const times = column === undefined ? [] : rows.map((row) => toTime(row[column]));
  if (column === undefined || times.every(Number.isNaN))
    throw new Refusal(
      refuse(
        "bad-time",
        column === undefined
          ? "A rule goes by time, and the table has no column time, ts, timestamp, datetime or date."
          : `A rule goes by time, and the column ${quote(column)} holds no times: its first cell is ${quote(rows[0]![column])}.`,
        "Name the column of times in the node, give ISO times or milliseconds, or count rows instead.",
      ),
    );
  return times;
}

function looksLikeTwins(rows: readonly Row[], time: string | undefined): boolean {
  if (time !== "time" || rows.length === 0 || !Object.hasOwn(rows[0]!, "id")) return false;
  const ids = new Set<unknown>();
  for (const row of rows) {
    if (!isTwinId(row.id)) return false;
    ids.add(row.id);
  }
  return ids.size < rows.length;
}

function groupRows(rows: readonly Row[], owner: string | undefined): number[][] {
  if (owner === undefined) return [rows.map((_, i) => i)];
  const groups = new Map<unknown, number[]>();
  rows.forEach((row, i) => {
    const key = isMissing(row[owner]) ? null : row[owner];
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  });
  return [...groups.values()];
}

/** Columns that hold a number, or nothing at all. With a conversion, text that is a plain number counts as one. */
function numberColumns(
  rows: readonly Row[],
  indexes: readonly number[],
  rule: CleaningRule,
  except: ReadonlySet<string | undefined>,
): string[] {
  const holdsNumber = new Map<string, boolean | undefined>();
  for (const index of indexes) {
    const row = rows[index]!;
    for (const name of Object.keys(row)) {
      if (holdsNumber.get(name) === true) continue;
      const cell = row[name];
      if (isMissing(cell) || isSentinel(cell, rule.sentinels)) {
        if (!holdsNumber.has(name)) holdsNumber.set(name, undefined);
      } else
        holdsNumber.set(
          name,
          typeof cell === "number" ||
            (rule.convert !== "none" && typeof cell === "string" && !Number.isNaN(toNumber(cell))),
        );
    }
  }
  // "__proto__" as a key of parsed JSON is not a column that anything may be written to.
  return [...holdsNumber]
    .filter(([name, is]) => is !== false && !except.has(name) && name !== "__proto__")
    .map(([name]) => name);
}
