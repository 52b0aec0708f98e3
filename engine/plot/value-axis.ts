import type { DrawnColumn } from "./column";
import { domainOf, niceTicks } from "./nice-ticks";
import { fixed, powerOfTen, significant } from "./number-text";
import type { PlotLanguage } from "./plot-request";
import { textWidth } from "./text";
import { wordsOf } from "./words";

export interface Tick {
  value: number;
  label: string;
}

export interface Axis {
  lo: number;
  hi: number;
  ticks: Tick[];
  /** What the axis shows, with unit and power of ten. */
  caption: string;
  /** Where a value lies: 0 at `lo`, 1 at `hi`. */
  at(value: number): number;
}

export const tickSizePx = 10;

/**
 * The axis of one column.
 *
 * @param lengthPx its length on the page
 * @param include further values that it has to reach, such as limits
 */
export function valueAxis(
  column: DrawnColumn,
  lengthPx: number,
  lying: boolean,
  language: PlotLanguage,
  include: readonly number[] = [],
): Axis {
  const { lo, hi } = domainOf(Math.min(column.min, ...include), Math.max(column.max, ...include));
  const { ticks, exponent, offset } = labelledTicks(lo, hi, lengthPx, lying, language);
  return {
    lo,
    hi,
    ticks,
    caption: captionOf(column, exponent, offset, language),
    at: (value) => (value - lo) / (hi - lo),
  };
}

/** As many ticks as fit beside each other, two of them if they can be had. */
export function labelledTicks(lo: number, hi: number, lengthPx: number, lying: boolean, language: PlotLanguage) {
  if (!lying) return labelTicks(lo, hi, lengthPx / 32, language);
  const apart = lengthPx > 300 ? 55 : 30;
  let fitting = labelTicks(lo, hi, lengthPx / apart, language);
  for (let wanted = lengthPx / apart / 1.2; wanted >= 1; wanted /= 1.3) {
    const widest = fitting.ticks.reduce((width, tick) => Math.max(width, textWidth(tick.label, tickSizePx)), 0);
    const room = (lengthPx * fitting.step) / (hi - lo);
    if (widest + 10 <= room) break;
    const fewer = labelTicks(lo, hi, wanted, language);
    if (fewer.ticks.length >= 2) fitting = fewer;
  }
  return fitting;
}

/** Large and small numbers share a power of ten, and close ones the part that is common to them: both stand in the caption. */
function labelTicks(lo: number, hi: number, wanted: number, language: PlotLanguage) {
  const { values, exponent: stepExponent } = niceTicks(lo, hi, wanted);
  const step = values.length > 1 ? values[1]! - values[0]! : hi - lo;
  const size = Math.max(...values.map(Math.abs), 0);
  const offset = size / step > 2e5 ? values[0]! : 0;
  const shown = values.map((value) => value - offset);
  const largest = Math.max(...shown.map(Math.abs), 0);
  const exponent = largest >= 1e6 || (largest > 0 && largest < 1e-3) ? Math.floor(Math.log10(largest)) : 0;
  const decimals = Math.max(0, exponent - stepExponent);
  const ticks = values.map((value, i): Tick => {
    const label = fixed(shown[i]! / 10 ** exponent, decimals, language);
    return { value, label: offset === 0 || i === 0 ? label : `+${label}` };
  });
  return { ticks, exponent, offset, step };
}

function captionOf(column: DrawnColumn, exponent: number, offset: number, language: PlotLanguage): string {
  const { title, unit } = column;
  const power = exponent === 0 ? "" : `×${powerOfTen(exponent)}`;
  const from = offset === 0 ? "" : wordsOf(language).from(significant(offset, 12, language));
  return withUnit(title, [[power, unit].filter(Boolean).join(" "), from].filter(Boolean).join(", "), language);
}

/** A name with its unit, in the brackets of the language. */
export const withUnit = (title: string, unit: string, language: PlotLanguage): string =>
  unit === "" ? title : language === "zh-CN" ? `${title}（${unit}）` : `${title} (${unit})`;
