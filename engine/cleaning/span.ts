/** A number of rows, or a length of time in ms. */
export interface Span {
  unit: "rows" | "ms";
  size: number;
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `5` or `"5"` is five rows, `"5m"` five minutes (ms, s, m, min, h, d). Undefined for anything else, and below one row. */
export function readSpan(value: unknown): Span | undefined {
  if (typeof value === "number")
    return Number.isInteger(value) && value >= 1 ? { unit: "rows", size: value } : undefined;
  if (typeof value !== "string") return undefined;
  const parts = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?$/.exec(value.trim());
  if (!parts) return undefined;
  const size = Number(parts[1]);
  if (parts[2] === undefined) return readSpan(size);
  return size > 0 ? { unit: "ms", size: size * unitMs[parts[2]]! } : undefined;
}
