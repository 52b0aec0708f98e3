import { momentsOf, sdOfMoments } from "../statistics/moments";
import { canDraw } from "./column";

const cells = 1024;

/**
 * Gaussian kernel density of values over an axis, with Scott's bandwidth (D. W. Scott 1992: sd n^(-1/5)), as scipy's
 * `gaussian_kde` and seaborn's `kdeplot`. Values are counted in 1024 cells first (linear binning, Fan and Marron 1994), which
 * changes a curve by less than 1e-3 of its height. No kernel is narrower than what `points` can show.
 *
 * @param values without missing ones; others than those between `lo` and `hi` are ignored
 * @param points how many places of the axis, ends included
 * @returns the density at each place; undefined when there is none (fewer than two values, or all the same)
 */
export function densityOf(values: Float64Array, lo: number, hi: number, points: number): Float64Array | undefined {
  // All on a scale of 0 to 1, where nothing overflows; the curve comes back to that of the values at the end.
  const scaled = values.filter(canDraw).map((value) => (value - lo) / (hi - lo));
  const bandwidth = sdOfMoments(momentsOf(scaled)) * scaled.length ** -0.2;
  if (!(bandwidth > 1e-9)) return undefined;
  const weights = new Float64Array(cells + 1);
  for (const value of scaled) {
    if (!(value >= 0 && value <= 1)) continue;
    const place = value * cells;
    const cell = Math.min(cells - 1, Math.floor(place));
    weights[cell]! += 1 - (place - cell);
    weights[cell + 1]! += place - cell;
  }
  // Narrower than this, a kernel would fall between two places, and nothing be seen of it.
  const width = Math.max(bandwidth, 0.5 / cells, 0.4 / (points - 1));
  const reach = Math.ceil(width * cells * 5);
  const height = 1 / (scaled.length * width * Math.sqrt(2 * Math.PI) * (hi - lo));
  return Float64Array.from({ length: points }, (_, i) => {
    const middle = (i / (points - 1)) * cells;
    const first = Math.max(0, Math.floor(middle - reach));
    const last = Math.min(cells, Math.ceil(middle + reach));
    let sum = 0;
    for (let cell = first; cell <= last; cell++) {
      if (weights[cell] === 0) continue;
      const distance = (cell - middle) / cells / width;
      sum += weights[cell]! * Math.exp(-0.5 * distance * distance);
    }
    return sum * height;
  });
}
