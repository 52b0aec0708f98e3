import type { DrawnColumn } from "./column";
import { type Coefficient, correlationOf, starsOf } from "./correlation-of";
import type { Groups } from "./group";
import { marks } from "./marks";
import { fixed, whole } from "./number-text";
import type { PlotLanguage } from "./plot-request";
import { at, element, label, line } from "./svg";
import { shorten, textWidth } from "./text";

/** More lines than these would not be read. */
const maxGroupLines = 6;
const lineHeight = 12;

/**
 * A coefficient with stars for its p-value, the larger the stronger it is; below it n where rows are left out, and the
 * coefficient of each group.
 *
 * @returns the panel from its upper left corner, and the coefficient of all rows
 */
export function coefficientPanel(
  all: Coefficient,
  a: DrawnColumn,
  b: DrawnColumn,
  side: number,
  groups: Groups | undefined,
  language: PlotLanguage,
): { content: string; r: number; p: number } {
  const { r, n, p } = all;
  const lines = groups && side >= 100 ? groupLines(a, b, groups, side, language) : [];
  const extra = n < a.values.length ? 1 : 0;
  const size = Number.isNaN(r) ? 12 : 12 + 10 * Math.abs(r);
  const middle = side / 2 - ((lines.length + extra) * lineHeight) / 2 + size * 0.35;
  if (Number.isNaN(r)) return { content: noCoefficient(side), r, p };
  const content = [
    label(side / 2, middle, `${fixed(r, 2, language)}${starsOf(p)}`, { anchor: "middle", size }),
    extra
      ? label(side / 2, middle + lineHeight + 2, `n = ${whole(n, language)}`, {
          className: "m",
          anchor: "middle",
          size: 9.5,
        })
      : "",
    ...lines.map(({ text, group }, i) => {
      const y = middle + (i + 1 + extra) * lineHeight + 3;
      const left = (side - textWidth(text, 9.5)) / 2;
      return at(left - 4, y - 3.5, marks([0, 0], group)) + label(left + 4, y, text, { size: 9.5 });
    }),
  ];
  return { content: content.join(""), r, p };
}

function groupLines(a: DrawnColumn, b: DrawnColumn, groups: Groups, side: number, language: PlotLanguage) {
  if (groups.labels.length > maxGroupLines) return [];
  return groups.labels.map((name, group) => {
    const { r, p } = correlationOf(a, b, (row) => groups.codes[row] === group);
    const value = Number.isNaN(r) ? "–" : `${fixed(r, 2, language)}${starsOf(p)}`;
    return { group, text: `${shorten(name, side * 0.5, 9.5)} ${value}` };
  });
}

/** A line across: there is no coefficient. */
const noCoefficient = (side: number): string =>
  element("g", {}, line(side * 0.3, side * 0.7, side * 0.7, side * 0.3, "a"));
