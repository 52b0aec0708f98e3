import { captionBelow, captionLeft, frame, ticksBelow, ticksLeft } from "./axis-marks";
import { coefficientPanel } from "./coefficient-panel";
import { coefficientsOf, starsOf } from "./coefficients-of";
import type { DrawnColumn } from "./column";
import { diagonalPanel } from "./diagonal-panel";
import { type Picture, widest } from "./document";
import { type Groups, readGroups, withOthers } from "./group";
import { drawHexagons, type Hexagons, hexagonsOf } from "./hexagons";
import { legend, legendWidth } from "./legend";
import { bytesOfMark, fewRows, marks } from "./marks";
import { significant, whole } from "./number-text";
import type { PlotRequest } from "./plot-request";
import { sampleRows } from "./sample-rows";
import { at } from "./svg";
import { wrap } from "./text";
import { groupColours } from "./theme";
import { type Axis, tickSizePx, valueAxis } from "./value-axis";
import { wordsOf } from "./words";

/** More would be too small to be read. */
export const maxPairColumns = 12;

/** What all points of a picture may take of its text: that a picture stays below 400 kB does not hang on its settings. */
const pointBytes = 280_000;
const bytesOfPanel = (columns: number): number => pointBytes / Math.max(1, (columns * (columns - 1)) / 2);
const gap = 8;

/**
 * Every column against every other one, as seaborn's `pairplot`: what a column holds on the diagonal (bars, or a curve for
 * each group), points below it, coefficients above.
 */
export function pairPlot(request: PlotRequest, columns: readonly DrawnColumn[]): Picture {
  const { language, rows } = request;
  const words = wordsOf(language);
  const groups = request.group && withOthers(readGroups(request.group, rows, groupColours, language), language);
  const k = columns.length;
  const right = groups ? legendWidth(groups, language) + 24 : 12;
  const side = Math.round(Math.min(k < 3 ? 260 : 190, Math.max(86, (980 - right - 90) / k - gap)));
  const lying = columns.map((column) => valueAxis(column, side, true, language));
  const upright = columns.map((column) => valueAxis(column, side, false, language));
  const left = 46 + Math.ceil(widest(upright.slice(1).flatMap(labelsOf), tickSizePx));
  const origin = (row: number, col: number): [number, number] => [left + col * (side + gap), 10 + row * (side + gap)];

  const shown = rowsToShow(request, columns, groups);
  const allRows = Int32Array.from({ length: rows }, (_, row) => row);
  const inHexagons: Hexagons[] = [];
  const panels: ((most: number) => string)[] = [];
  const method = request.correlation?.method ?? "pearson";
  // Those of groups are Pearson's of the rows that both have, and do not stand below another one.
  const ofGroups = method === "pearson" && request.correlation?.use !== "complete" ? groups : undefined;
  const coefficients = coefficientsOf(columns, request.correlation, groups);
  let strongest: { text: string; r: number }[] = [];
  let hasStars = false;
  for (let row = 0; row < k; row++)
    for (let col = 0; col < k; col++) {
      const [x, y] = origin(row, col);
      const place = (content: string): string => at(x, y + side, frame(side, side)) + at(x, y, content);
      const [a, b] = [columns[col]!, columns[row]!];
      if (row === col) panels.push(() => place(diagonalPanel(a, lying[col]!, side, groups)));
      else if (row < col) {
        const panel = coefficientPanel({ row, col }, columns, coefficients, side, ofGroups, language);
        const { r, p } = coefficients.all(row, col);
        strongest.push({ text: `${b.title} – ${a.title} ${significant(r, 2, language)}`, r: Math.abs(r) });
        hasStars ||= starsOf(p) !== "";
        panels.push(() => place(panel));
      } else if (groups || shown.length === rows) {
        const content = points(a, b, lying[col]!, upright[row]!, side, shown, groups);
        panels.push(() => place(content));
      } else {
        const places = placesOf(a, b, lying[col]!, upright[row]!, side, allRows);
        const hexagons = hexagonsOf(places, side, bytesOfPanel(k));
        inHexagons.push(hexagons);
        panels.push((most) => place(drawHexagons(hexagons, most)));
      }
    }
  const most = inHexagons.reduce((largest, hexagons) => Math.max(largest, hexagons.most), 0);

  const bottom = 10 + k * (side + gap) - gap;
  const captions = columns.map((_, i) => {
    const [x, y] = origin(i, i);
    const axisLeft = at(
      left,
      y + side,
      i > 0 ? ticksLeft(upright[i]!, side) : "",
      captionLeft(upright[i]!.caption, side, 24 - left),
    );
    return axisLeft + at(x, bottom, ticksBelow(lying[i]!, side), captionBelow(lying[i]!.caption, side, 30));
  });
  const n = whole(rows, language);
  const isSample = k > 1 && shown.length < rows;
  strongest = strongest.filter(({ r }) => !Number.isNaN(r)).sort((one, other) => other.r - one.r);
  return {
    width: Math.ceil(left + k * (side + gap) - gap + right),
    height: bottom + 30 + 13 * Math.max(...lying.map(({ caption }) => wrap(caption, side, 11, 2).length)),
    content: [
      ...panels.map((panel) => panel(most)),
      ...captions,
      groups ? at(left + k * (side + gap) + 8, 4, legend(groups, language, "points")) : "",
    ].join(""),
    name: words.of(words.kinds.pair, words.list(columns.map(({ title }) => title))),
    description:
      strongest.length === 0 ? "" : words.strongest(words.list(strongest.slice(0, 3).map(({ text }) => text))),
    notes: [
      most > 0
        ? words.hexagons(n, whole(most, language))
        : isSample
          ? words.sampled(whole(shown.length, language), n)
          : words.allPoints(n),
      ...(k > 1 ? [words.correlationOf[request.correlation?.use ?? "pairwise"](words.method[method])] : []),
      ...(hasStars ? [words.stars] : []),
    ],
  };
}

const labelsOf = (axis: Axis): string[] => axis.ticks.map(({ label }) => label);

/** Rows to show as points: all when they may be, else a sample. */
function rowsToShow(request: PlotRequest, columns: readonly DrawnColumn[], groups: Groups | undefined): Int32Array {
  const { rows, maxPoints } = request;
  const bytesOfRow = groups
    ? groups.counts.reduce((sum, count, i) => sum + count * bytesOfMark(i), 0) / rows
    : bytesOfMark(0);
  const wanted = Math.max(1, Math.min(maxPoints, Math.floor(bytesOfPanel(columns.length) / bytesOfRow)));
  return sampleRows(rows, wanted, columns);
}

/** Places of the rows in which both columns have a value, x and y in turn, from the upper left corner. */
function placesOf(a: DrawnColumn, b: DrawnColumn, x: Axis, y: Axis, side: number, rows: Int32Array): Float64Array {
  const places = new Float64Array(2 * rows.length);
  let count = 0;
  for (const row of rows) {
    const left = x.at(a.values[row]!);
    const up = y.at(b.values[row]!);
    // What is missing or infinite lies nowhere.
    if (!(left >= 0 && left <= 1 && up >= 0 && up <= 1)) continue;
    places[count++] = left * side;
    places[count++] = (1 - up) * side;
  }
  return places.subarray(0, count);
}

function points(
  a: DrawnColumn,
  b: DrawnColumn,
  x: Axis,
  y: Axis,
  side: number,
  shown: Int32Array,
  groups: Groups | undefined,
): string {
  const isLarge = shown.length <= fewRows;
  if (!groups) return marks(placesOf(a, b, x, y, side, shown), 0, isLarge);
  return groups.labels
    .map((_, group) => {
      const own = shown.filter((row) => groups.codes[row] === group);
      return marks(placesOf(a, b, x, y, side, own), group, isLarge);
    })
    .join("");
}
