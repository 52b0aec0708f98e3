import type { DrawnColumn } from "./column";
import { significant } from "./number-text";
import type { PlotLanguage } from "./plot-request";
import { label, line } from "./svg";
import { textWidth } from "./text";
import type { Axis } from "./value-axis";
import { wordsOf } from "./words";

/** A limit or target of a column. */
interface Limit {
  value: number;
  name: string;
  lineClass: "lim" | "tgt";
  textClass: "lt" | "tt";
}

function limitsOf(column: DrawnColumn, language: PlotLanguage): Limit[] {
  const words = wordsOf(language);
  const all: [number | undefined, string, Limit["lineClass"], Limit["textClass"]][] = [
    [column.lsl, words.lsl, "lim", "lt"],
    [column.usl, words.usl, "lim", "lt"],
    [column.target, words.target, "tgt", "tt"],
  ];
  return all.flatMap(([value, name, lineClass, textClass]) =>
    value === undefined ? [] : [{ value, name, lineClass, textClass }],
  );
}

/** Limits for which an axis is made longer: not those so far away that the values would shrink to a line. */
export function limitsWithin({ lsl, target, usl, min, max }: DrawnColumn): number[] {
  const reach = 6 * (max - min) || Number.POSITIVE_INFINITY;
  return [lsl, target, usl].filter(
    (value): value is number => value !== undefined && value >= min - reach && value <= max + reach,
  );
}

const rowHeight = 12;

/** Height that `uprightLimits` needs above a panel, at most. */
export const limitRowsHeight = (columns: readonly DrawnColumn[], language: PlotLanguage): number =>
  Math.max(0, ...columns.map((column) => limitsOf(column, language).length)) * rowHeight;

/** Limits as lines across a panel whose values lie from left to right; lower left corner at 0, 0. Their names stand above it. */
export function uprightLimits(
  column: DrawnColumn,
  axis: Axis,
  width: number,
  height: number,
  language: PlotLanguage,
): string {
  const placed: { row: number; from: number; to: number }[] = [];
  return limitsOf(column, language)
    .map(({ value, name, lineClass, textClass }) => {
      const share = axis.at(value);
      const inside = share >= 0 && share <= 1;
      const text = `${share < 0 ? "◂ " : ""}${name} ${significant(value, 5, language)}${share > 1 ? " ▸" : ""}`;
      const x = Math.min(Math.max(share, 0), 1) * width;
      const length = textWidth(text, 10);
      const from = Math.max(0, Math.min(width - length, x - length / 2));
      let row = 0;
      while (placed.some((other) => other.row === row && from < other.to + 6 && other.from < from + length + 6)) row++;
      placed.push({ row, from, to: from + length });
      const y = -height - 5 - row * rowHeight;
      return (
        (inside ? line(x, 0, x, -height - 3, lineClass) : "") +
        label(from + length / 2, y, text, { className: textClass, anchor: "middle", size: 10 })
      );
    })
    .join("");
}

/** Limits as lines across a panel whose values lie upwards; lower left corner at 0, 0. Their names stand at the right end, outside. */
export function lyingLimits(
  column: DrawnColumn,
  axis: Axis,
  width: number,
  height: number,
  language: PlotLanguage,
): string {
  const limits = limitsOf(column, language).sort((a, b) => b.value - a.value);
  const shares = limits.map(({ value }) => axis.at(value));
  const textYs = apart(
    shares.map((share) => 3.5 - Math.min(Math.max(share, 0), 1) * height),
    8 - height,
    -2,
  );
  return limits
    .map(({ value, name, lineClass, textClass }, i) => {
      const share = shares[i]!;
      const mark = share > 1 ? "▴ " : share < 0 ? "▾ " : "";
      const text = `${mark}${name} ${significant(value, 5, language)}`;
      const across = mark === "" ? line(0, -share * height, width, -share * height, lineClass) : "";
      return across + label(width + 5, textYs[i]!, text, { className: textClass, size: 10 });
    })
    .join("");
}

/** Places of lines of text from top to bottom, moved until none lies on another one and all are between two ends. */
function apart(places: readonly number[], top: number, bottom: number): number[] {
  const moved = [...places];
  for (let i = 0; i < moved.length; i++) moved[i] = Math.max(moved[i]!, i === 0 ? top : moved[i - 1]! + rowHeight);
  for (let i = moved.length - 1; i >= 0; i--)
    moved[i] = Math.min(moved[i]!, i === moved.length - 1 ? bottom : moved[i + 1]! - rowHeight);
  return moved;
}

/** How wide the names of `lyingLimits` are. */
export const limitsWidth = (column: DrawnColumn, language: PlotLanguage): number =>
  Math.max(
    0,
    ...limitsOf(column, language).map(
      ({ name, value }) => textWidth(`▴ ${name} ${significant(value, 5, language)}`, 10) + 8,
    ),
  );

/** Values beyond the limits; undefined where a column has none. */
export function countOutside({ values, lsl, usl }: DrawnColumn): number | undefined {
  if (lsl === undefined && usl === undefined) return undefined;
  let count = 0;
  for (const value of values) if (value < (lsl ?? value) || value > (usl ?? value)) count++;
  return count;
}
