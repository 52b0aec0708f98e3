import { isMissing, type Row } from "../contract/messages";
import type { RowOptions } from "./row-options";

/**
 * Makes texts that are the same for two rows with the same values: of the same type and, where missing, in any form. The
 * order of keys does not matter. Undefined when a value cannot be written as text: such a row is the same as none.
 */
export function createRowKeys(): (row: Row) => string | undefined {
  // Rows mostly have the keys of the row before.
  let lastKeys: string[] = [];
  let names: string[] = [];
  let labels: string[] = [];
  return (row) => {
    const keys = Object.keys(row);
    if (keys.length !== lastKeys.length || keys.some((key, i) => key !== lastKeys[i])) {
      lastKeys = keys;
      names = keys.toSorted();
      labels = names.map((name) => `,${JSON.stringify(name)}:`);
    }
    try {
      let text = "";
      for (let i = 0; i < names.length; i++) {
        const value = row[names[i]!];
        if (!isMissing(value)) text += labels[i]! + valueText(value);
      }
      return text;
    } catch {
      return undefined; // cyclic, or nested too deep
    }
  };
}

function valueText(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof Date) return `date ${value.getTime()}`;
  return JSON.stringify(value) ?? "";
}

/**
 * Those of the rows that are the same as one that stays, as pandas' `duplicated(keep=...)`.
 *
 * @param keyOf what two same rows have in common; undefined: the row is the same as none
 */
export function findDuplicates(
  rows: readonly number[],
  keyOf: (row: number) => string | number | undefined,
  keep: RowOptions["keep"],
): number[] {
  const seen = new Set<string | number>();
  const duplicates: number[] = [];
  for (const row of keep === "first" ? rows : rows.toReversed()) {
    const key = keyOf(row);
    if (key === undefined) continue;
    if (seen.has(key)) duplicates.push(row);
    else seen.add(key);
  }
  return duplicates;
}
