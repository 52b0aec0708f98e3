import { element, label, line } from "./svg";
import { textWidth, wrap } from "./text";
import { type Axis, tickSizePx } from "./value-axis";

/** Ticks and their labels below a panel whose lower left corner is 0, 0. Labels stay below it, away from those of a panel beside it. */
export const ticksBelow = (axis: Axis, length: number): string =>
  axis.ticks
    .map(({ value, label: text }) => {
      const x = axis.at(value) * length;
      const half = textWidth(text, tickSizePx) / 2;
      const middle = Math.min(Math.max(x, half), length - half);
      return line(x, 0, x, 4, "a") + label(middle, 15, text, { className: "m", anchor: "middle", size: tickSizePx });
    })
    .join("");

/** Ticks and their labels left of a panel whose lower left corner is 0, 0. */
export const ticksLeft = (axis: Axis, length: number): string =>
  axis.ticks
    .map(({ value, label: text }) => {
      const y = -axis.at(value) * length;
      return line(-4, y, 0, y, "a") + label(-6, y + 3.5, text, { className: "m", anchor: "end", size: tickSizePx });
    })
    .join("");

/** Lines across a panel at the ticks of a lying (`x`) or upright (`y`) axis; the lower left corner is 0, 0. */
export function grid(width: number, height: number, x?: Axis, y?: Axis): string {
  const down = x?.ticks.map(({ value }) => round(x.at(value) * width)).map((at) => `M${at} 0V-${height}`) ?? [];
  const over = y?.ticks.map(({ value }) => round(y.at(value) * height)).map((at) => `M0 ${-at}H${width}`) ?? [];
  return element("path", { class: "g", d: `M0 0${down.join("")}${over.join("")}` });
}
const round = (value: number): number => Math.round(value * 10) / 10;

export const frame = (width: number, height: number): string =>
  element("rect", { class: "a", x: 0, y: -height, width, height });

/** The caption below an axis, in one or two lines. */
export const captionBelow = (text: string, length: number, y: number): string =>
  wrap(text, length, 11, 2)
    .map((part, i) => label(length / 2, y + i * 13, part, { anchor: "middle", full: text }))
    .join("");

/** The caption of an upright axis, in one or two lines that grow to the left. */
export const captionLeft = (text: string, length: number, x: number): string => {
  const lines = wrap(text, length, 11, 2);
  return lines
    .map((part, i) =>
      label(x - (lines.length - 1 - i) * 13, -length / 2, part, { anchor: "middle", upright: true, full: text }),
    )
    .join("");
};
