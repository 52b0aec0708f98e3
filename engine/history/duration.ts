const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const whole = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;
const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;

/**
 * `1m`, `1h30m`, `250ms` (ms, s, m, h, d, w) as ms; a number, or text that is one, is ms already.
 * Undefined for anything else, and for what is not a whole number of ms.
 */
export function readDuration(value: unknown): number | undefined {
  const text = typeof value === "string" ? value.replaceAll(" ", "") : value;
  if (typeof text === "number" || (typeof text === "string" && /^\d{1,15}$/.test(text))) {
    const ms = Number(text);
    return Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined;
  }
  if (typeof text !== "string" || text.length > 64 || !whole.test(text)) return undefined;
  let ms = 0;
  for (const [, size, unit] of text.matchAll(part)) ms += Number(size) * unitMs[unit as string]!;
  const rounded = Math.round(ms);
  return Math.abs(ms - rounded) < 1e-6 && Number.isSafeInteger(rounded) ? rounded : undefined;
}
