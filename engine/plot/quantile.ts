/**
 * Quantile of type 7 (Hyndman and Fan 1996), the default of R, numpy and pandas: linear between the two nearest values.
 *
 * @param sorted ascending, without missing; NaN when empty
 * @param share 0 to 1
 */
export function quantile(sorted: Float64Array, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const low = sorted[below];
  if (low === undefined) return Number.NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  // From the nearer end, so that equal neighbours give exactly themselves.
  const part = place - below;
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}
