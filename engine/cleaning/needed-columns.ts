import type { TableOptions } from "./clean-table";
import { allNumbers, type CleaningRule } from "./cleaning-rule";
import { timeColumns } from "./read-times";

/** The columns that cleaning a table looks at or writes to; undefined: all of them. */
export function neededColumns(rules: readonly CleaningRule[], options: TableOptions): Set<string> | undefined {
  const { duplicates, resample, features = [], timeColumn = "", groupBy = "" } = options;
  if (resample || duplicates === "all" || rules.some(({ property }) => property === allNumbers)) return undefined;
  return new Set([
    ...rules.map(({ property }) => property),
    ...features.flatMap(({ property, name }) => [property, name]),
    ...(timeColumn === "" ? timeColumns : [timeColumn]),
    groupBy === "" ? "id" : groupBy,
  ]);
}
