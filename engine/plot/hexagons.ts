import { createPath, element } from "./svg";
import { countClasses } from "./theme";

/** Counts of points in a lattice of hexagons that stand on a corner (D. B. Carr 1987). */
export interface Hexagons {
  /** Centre of each one, in half pixels: x and y in turn. */
  centres: Int32Array;
  counts: Int32Array;
  most: number;
  /** Half of the width, in half pixels. */
  half: number;
}

/** Length in the picture's text of one hexagon, about. */
const bytesOfHexagon = 26;

/**
 * @param places x and y in turn, in pixels
 * @param sidePx that of the panel, of which some 25 hexagons make a row
 * @param maxBytes of the panel: the hexagons are larger where a whole panel of them would take more
 */
export function hexagonsOf(places: ArrayLike<number>, sidePx: number, maxBytes: number): Hexagons {
  // A panel of square half pixels holds 2 / sqrt(3) (side / half)^2 hexagons.
  const least = sidePx * Math.sqrt((2 / Math.sqrt(3)) * (bytesOfHexagon / maxBytes));
  const half = Math.max(3, Math.round(sidePx / 25), Math.ceil(least));
  const { pitch } = sizesOf(half);
  const cells = new Map<number, number>();
  for (let i = 0; i < places.length; i += 2) {
    const x = places[i]! * 2;
    const y = places[i + 1]! * 2;
    const above = Math.floor(y / pitch);
    const upper = nearestIn(above, x, half);
    const lower = nearestIn(above + 1, x, half);
    const isUpper = Math.hypot(x - upper, y - above * pitch) <= Math.hypot(x - lower, y - (above + 1) * pitch);
    const key = isUpper ? above * across + upper : (above + 1) * across + lower;
    cells.set(key, (cells.get(key) ?? 0) + 1);
  }
  const keys = [...cells.keys()].sort((a, b) => a - b);
  return {
    centres: Int32Array.from(keys.flatMap((key) => [key % across, Math.floor(key / across) * pitch])),
    counts: Int32Array.from(keys, (key) => cells.get(key)!),
    most: Math.max(0, ...cells.values()),
    half,
  };
}
/** Wider than any panel. */
const across = 65_536;

/** Sides in whole half pixels, so near to a regular hexagon that nobody sees it. */
function sizesOf(half: number) {
  const side = Math.round((half * 2) / Math.sqrt(3));
  const slope = Math.round(side / 2);
  return { side, slope, pitch: side + slope };
}

/** Middle of the hexagon of a row that is nearest to x; every other row is half a hexagon further on. */
function nearestIn(row: number, x: number, half: number): number {
  const shift = row % 2 === 0 ? 0 : half;
  return Math.max(0, Math.round((x - shift) / (2 * half))) * 2 * half + shift;
}

/** The hexagons as one path for each class of counts, on a logarithmic scale up to `most` of all panels. */
export function drawHexagons({ centres, counts, half }: Hexagons, most: number): string {
  const { side, slope } = sizesOf(half);
  const outline = `l${half} ${slope}v${side}l-${half} ${slope}-${half}-${slope}v-${side}z`;
  const paths = Array.from({ length: countClasses }, createPath);
  for (let i = 0; i < counts.length; i++) {
    const strength = most > 1 ? Math.log(counts[i]!) / Math.log(most) : 0.5;
    const path = paths[Math.min(countClasses - 1, Math.floor(strength * countClasses))]!;
    path.mark(centres[2 * i]!, centres[2 * i + 1]! - side, outline);
  }
  return paths
    .map((path, i) =>
      path.text() === "" ? "" : element("path", { class: `h${i}`, transform: "scale(.5)", d: path.text() }),
    )
    .join("");
}
