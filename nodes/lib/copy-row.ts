import type { Row } from "../../engine/contract/messages";

const maxText = 500;
const bytesOfNumber = 16;

const isKept = (value: unknown): boolean =>
  value === null || value instanceof Date || ["string", "number", "boolean", "undefined"].includes(typeof value);

/**
 * A copy of a row's scalars and dates, long texts by their beginning, and about how many bytes it takes: for what a node keeps
 * of its messages, which the next nodes may change.
 */
export function copyRow(values: unknown): { values: Row; bytes: number } {
  const copy: Row = {};
  let bytes = 0;
  if (typeof values !== "object" || values === null) return { values: copy, bytes };
  for (const key of Object.keys(values)) {
    const value = (values as Row)[key];
    if (key === "__proto__" || !isKept(value)) continue;
    copy[key] = typeof value === "string" && value.length > maxText ? value.slice(0, maxText) : value;
    bytes += typeof value === "string" ? bytesOfNumber + 2 * Math.min(value.length, maxText) : bytesOfNumber;
  }
  return { values: copy, bytes };
}
