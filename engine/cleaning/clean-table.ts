import { quote, type RefusalInfo, refuse } from "../contract/errors";
import type { Row } from "../contract/messages";
import { addFeatures, nameTaken } from "./add-features";
import { cleanRows, createRuleCategories, labelsOf } from "./clean-rows";
import { type CleaningReport, reportOf } from "./cleaning-report";
import type { CleaningRule } from "./cleaning-rule";
import type { CleaningTrace } from "./cleaning-trace";
import { createRowKeys, findDuplicates } from "./find-duplicates";
import { inOrderOfTime, outOfOrder, timeText } from "./order-of-time";
import { timeColumnOf } from "./read-times";
import { resampleTable } from "./resample-table";
import { noRowOptions, type RowOptions } from "./row-options";
import { groupsOfTable, looksLikeTwins, timesOfTable } from "./table-groups";

export interface TableOptions extends Partial<RowOptions> {
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
  /** The place in what came in of each row that goes on. Absent on a grid, whose rows are new. */
  from?: number[];
  dropped: Dropped<Row>[];
  report: CleaningReport;
}

/**
 * Cleans a table: order of rows, duplicates, the rules, the grid, features. Extra columns and the order of columns are
 * kept, and nothing that came in is changed. Throws a `Refusal`: `bad-time` when something goes by time and the table has
 * none, `too-large` when a grid would have too many cells.
 */
export function cleanTable(
  table: readonly Row[],
  rules: readonly CleaningRule[],
  options: TableOptions = {},
): CleanedTable {
  const {
    order,
    duplicates,
    keep,
    resample,
    features,
    timeColumn = "",
    groupBy = "",
    trace,
  } = {
    ...noRowOptions,
    ...options,
  };
  const errors: (RefusalInfo | undefined)[] = new Array(table.length).fill(undefined);
  const rows = table.map((row, i) => {
    if (typeof row === "object" && row !== null && !Array.isArray(row)) return row;
    errors[i] = refuse("wrong-type", `Row ${i} is ${quote(row)}.`, "Send each row as an object of columns.");
    return {};
  });
  if (features.length > 0)
    rows.forEach((row, i) => {
      errors[i] ??= nameTaken(features, row);
    });

  const time = timeColumnOf(rows, timeColumn);
  const why = whyTimes(rules, options);
  const times = why === undefined ? undefined : timesOfTable(rows, time, rules, why);
  const owner = groupBy !== "" ? groupBy : looksLikeTwins(rows, time) ? "id" : undefined;
  const asTheyCame = rows.map((_, i) => i);
  const sequence = order === "sort" ? inOrderOfTime(asTheyCame, times!) : asTheyCame;
  const moved = order === "sort" ? outOfOrder(asTheyCame, times!).length : 0;
  const groups = groupsOfTable(rows, sequence, time, owner);
  if (order === "drop") for (const group of groups) dropOutOfOrder(group.rows, times!, errors);
  dropDuplicates();
  if (resample) for (const i of sequence) if (Number.isNaN(times![i]!)) errors[i] ??= noTime(i);

  const categories = createRuleCategories(rules);
  const { outs, touches } = cleanRows(rules, { rows, errors, times, groups, whole: true, categories });
  trace?.({ items: rows, outs, errors, touches });
  const report = reportOf(rows, outs, errors, touches, true, labelsOf(rules, categories));
  if (moved > 0) report.moved = moved;
  const dropped: Dropped<Row>[] = [];
  errors.forEach((error, i) => {
    if (error) dropped.push({ row: table[i]!, error: { ...error, index: i } });
  });

  if (!resample) {
    if (features.length > 0)
      for (const group of groups) {
        const kept = group.rows.filter((i) => errors[i] === undefined);
        for (const i of kept) outs[i] ??= { ...rows[i]! };
        addFeatures(
          features,
          kept.map((i) => outs[i]!),
          times && kept.map((i) => times[i]!),
        );
      }
    const from = sequence.filter((i) => errors[i] === undefined);
    return { rows: from.map((i) => outs[i] ?? rows[i]!), from, dropped, report };
  }
  const { groups: onGrid, grid } = resampleTable(
    resample,
    groups.map((group) => {
      const kept = inOrderOfTime(group.rows, times!).filter((i) => errors[i] === undefined);
      return { rows: kept.map((i) => outs[i] ?? rows[i]!), times: kept.map((i) => times![i]!) };
    }),
    time!,
    owner,
  );
  for (const group of onGrid) addFeatures(features, group.rows, group.times);
  report.grid = grid;
  report.rows.out = grid.points;
  return { rows: onGrid.flatMap((group) => group.rows), dropped, report };

  function dropDuplicates(): void {
    if (duplicates === "none") return;
    const keyOf = createRowKeys();
    const what = duplicates === "all" ? "the same as" : "of the same time as";
    const keyed = (key: (i: number) => string | number | undefined) => (i: number) =>
      errors[i] === undefined ? key(i) : undefined;
    const found =
      duplicates === "all"
        ? findDuplicates(
            sequence,
            keyed((i) => keyOf(rows[i]!)),
            keep,
          )
        : groups.flatMap((group) =>
            findDuplicates(
              group.rows,
              keyed((i) => (Number.isNaN(times![i]!) ? undefined : times![i]!)),
              keep,
            ),
          );
    for (const i of found)
      errors[i] = refuse(
        "duplicate",
        `Row ${i} is ${what} ${keep === "first" ? "an earlier" : "a later"} one.`,
        duplicates === "all" ? "Nothing is lost: that one goes on." : "That one goes on.",
      );
  }
}

function dropOutOfOrder(group: readonly number[], times: readonly number[], errors: (RefusalInfo | undefined)[]): void {
  const good = group.filter((i) => errors[i] === undefined);
  for (const { row, latest } of outOfOrder(good, times))
    errors[row] = refuse(
      "out-of-order",
      `Row ${row} is of ${timeText(times[row]!)}, older than a row before it, of ${timeText(latest)}.`,
      "Have the node put rows in order of time, or keep them as they come.",
    );
}

const noTime = (i: number): RefusalInfo =>
  refuse("bad-time", `Row ${i} has no time.`, "Give it one: without it a row has no place on a grid.", { index: i });

/** What goes by time, as a sentence begins with it; undefined: nothing does. */
function whyTimes(rules: readonly CleaningRule[], options: TableOptions): string | undefined {
  if (rules.some(needsTimes)) return "A rule goes";
  if (options.order === "sort" || options.order === "drop") return "The order of rows goes";
  if (options.duplicates === "time") return "Duplicates are judged";
  if (options.resample) return "Resampling goes";
  return options.features?.some(({ window }) => window.unit === "ms") ? "A feature goes" : undefined;
}

const needsTimes = (rule: CleaningRule): boolean =>
  rule.by === "time" ||
  rule.maxGap?.unit === "ms" ||
  rule.stuck?.unit === "ms" ||
  rule.maxRate !== Number.POSITIVE_INFINITY ||
  (rule.window?.unit === "ms" && (rule.outlier !== "none" || rule.smooth !== "none"));
