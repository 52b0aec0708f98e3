import { isMissing, type Row } from "../contract/messages";

/**
 * A text that is the same for two rows with the same values: of the same type and, where missing, in any form. The order of
 * keys does not matter. Undefined when a value cannot be written as text: such a row is the same as none.
 */
export function rowKey(row: Row): string | undefined {
  try {
    return keyOf(row);
  } catch {
    return undefined; // cyclic, or nested too deep
  }
}

function keyOf(row: Row): string {
  let key = "";
  for (const name of Object.keys(row).sort()) {
    const value = row[name];
    if (!isMissing(value)) key += `${JSON.stringify(name)}:${valueKey(value)},`;
  }
  return key;
}

function valueKey(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof Date) return `date ${value.getTime()}`;
  return JSON.stringify(value) ?? "";
}

/** Rows of a table that are the same as an earlier one, as pandas' `duplicated(keep="first")`. */
export function findDuplicates(rows: readonly Row[]): boolean[] {
  const seen = new Set<string>();
  return rows.map((row) => {
    const key = rowKey(row);
    if (key === undefined) return false;
    const duplicate = seen.has(key);
    if (!duplicate) seen.add(key);
    return duplicate;
  });
}
