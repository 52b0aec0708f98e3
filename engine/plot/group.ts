import type { PlotGroup, PlotLanguage } from "./plot-request";
import { wordsOf } from "./words";

/** Groups in the order in which they are drawn. */
export interface Groups {
  /** The column that tells them apart. */
  by: string;
  labels: string[];
  counts: number[];
  /** Index into `labels` for each row; -1 for rows of groups that are not among the largest. */
  codes: Int16Array;
  /** How many groups there are in all. */
  total: number;
}

/**
 * The `limit` largest groups, in natural order of their names ("batch 9" before "batch 10"); rows of no group are one of their
 * own, the last.
 */
export function readGroups(group: PlotGroup, rows: number, limit: number, language: PlotLanguage): Groups {
  const counts = new Map<string | null, number>();
  const keyOf = (row: number): string | null => group.values[row] || null;
  for (let row = 0; row < rows; row++) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  const order = new Intl.Collator(language, { numeric: true });
  const byName = (a: string | null, b: string | null): number =>
    a === null ? 1 : b === null ? -1 : order.compare(a, b) || (a < b ? -1 : 1);
  const largest = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)! || byName(a, b)).slice(0, limit);
  const keys = largest.sort(byName);
  const codeOf = new Map(keys.map((key, code) => [key, code]));
  const codes = new Int16Array(rows);
  for (let row = 0; row < rows; row++) codes[row] = codeOf.get(keyOf(row)) ?? -1;
  return {
    by: group.name,
    labels: keys.map((key) => key ?? wordsOf(language).noGroup),
    counts: keys.map((key) => counts.get(key)!),
    codes,
    total: counts.size,
  };
}

/** Rows of all groups that are not among the largest become one more, the last. */
export function withOthers(groups: Groups, language: PlotLanguage): Groups {
  const { labels, counts, codes, total } = groups;
  if (total === labels.length) return groups;
  const others = labels.length;
  const rows = codes.length - counts.reduce((sum, count) => sum + count, 0);
  return {
    ...groups,
    labels: [...labels, wordsOf(language).others(String(total - others))],
    counts: [...counts, rows],
    codes: codes.map((code) => (code < 0 ? others : code)),
  };
}
