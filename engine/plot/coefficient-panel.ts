import { type Coefficients, starsOf } from "./coefficients-of";
import type { DrawnColumn } from "./column";
import type { Groups } from "./group";
import { marks } from "./marks";
import { fixed, whole } from "./number-text";
import type { PlotLanguage } from "./plot-request";
import { at, label, line } from "./svg";
import { shorten, textWidth } from "./text";

/** More lines than these would not be read. */
const maxGroupLines = 6;
const lineHeight = 12;
const small = 9.5;

/** Places of two columns among those of the picture. */
export interface Pair {
  row: number;
  col: number;
}

/**
 * A coefficient with stars for its p-value, the larger the stronger it is; below it n where rows are left out, and the
 * coefficient of each group. A line across where there is none. From the upper left corner.
 */
export function coefficientPanel(
  { row, col }: Pair,
  columns: readonly DrawnColumn[],
  coefficients: Coefficients,
  side: number,
  groups: Groups | undefined,
  language: PlotLanguage,
): string {
  const { r, n, p } = coefficients.all(row, col);
  if (Number.isNaN(r)) return line(side * 0.35, side * 0.65, side * 0.65, side * 0.35, "a");
  const groupNames = groups && side >= 100 && groups.labels.length <= maxGroupLines ? groups.labels : [];
  const isPart = n < columns[row]!.values.length;
  const size = 12 + 10 * Math.abs(r);
  const below = groupNames.length + (isPart ? 1 : 0);
  const middle = side / 2 - (below * lineHeight) / 2 + size * 0.35;
  const ofGroups = groupNames.map((name, group) => {
    const own = coefficients.ofGroup(row, col, group);
    const value = Number.isNaN(own.r) ? "–" : `${fixed(own.r, 2, language)}${starsOf(own.p)}`;
    const text = `${shorten(name, side * 0.45, small)} ${value}`;
    const y = middle + (group + (isPart ? 2 : 1)) * lineHeight + 3;
    const left = (side - textWidth(text, small)) / 2;
    return at(left - 4, y - 3.5, marks([0, 0], group)) + label(left + 4, y, text, { size: small });
  });
  return [
    label(side / 2, middle, `${fixed(r, 2, language)}${starsOf(p)}`, { anchor: "middle", size }),
    isPart
      ? label(side / 2, middle + lineHeight + 2, `n = ${whole(n, language)}`, {
          className: "m",
          anchor: "middle",
          size: small,
        })
      : "",
    ...ofGroups,
  ].join("");
}
