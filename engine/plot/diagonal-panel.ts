import { histogramOf } from "./bins";
import { type DrawnColumn, drawable } from "./column";
import { densityOf } from "./density-of";
import type { Groups } from "./group";
import { createPath, element, line, px } from "./svg";
import type { Axis } from "./value-axis";

const places = 65;
/** How much of a panel the tallest bar or curve takes. */
const fill = 0.9;

/** What a column holds: a histogram, or for each group a curve whose area is the group's share of the rows. From the upper left corner. */
export function diagonalPanel(column: DrawnColumn, axis: Axis, side: number, groups: Groups | undefined): string {
  const marked = limits(column, axis, side);
  if (groups && groups.labels.length > 0) return curves(column, axis, side, groups) + marked;
  const { edges, counts } = histogramOf(drawable(column.values));
  const isConstant = column.min === column.max;
  const tallest = counts.reduce((most, count) => Math.max(most, count), 1);
  const bars = Array.from(counts, (count, i) => {
    if (count === 0) return "";
    // The one bin of a constant column may be wider than its axis.
    const left = Math.max(isConstant ? 0.46 : 0, axis.at(edges[i]!)) * side;
    const right = Math.min(isConstant ? 0.54 : 1, axis.at(edges[i + 1]!)) * side;
    const height = (count / tallest) * fill * side;
    return `M${px(left)} ${px(side)}V${px(side - height)}H${px(right)}V${px(side)}z`;
  });
  return element("path", { class: "bar", d: bars.join("") }) + marked;
}

function curves(column: DrawnColumn, axis: Axis, side: number, groups: Groups): string {
  const shapes = groups.labels.map((_, group) => {
    const own = column.values.filter((_value, row) => groups.codes[row] === group);
    const values = drawable(own);
    return { values, density: densityOf(values, axis.lo, axis.hi, places)?.map((height) => height * values.length) };
  });
  const tallest = Math.max(0, ...shapes.flatMap(({ density }) => (density ? [...density] : [])));
  return shapes
    .map(({ values, density }, group) => {
      const at = values.length > 0 ? axis.at(values[0]!) * side : 0;
      // One value, or all the same: a curve of no width.
      if (!density) return values.length > 0 ? line(at, side, at, side * (1 - fill), `ln s${group} d${group}`) : "";
      const curve = createPath();
      // From and to the lower corners, along the frame: the area is closed, and no line drawn at its foot.
      curve.mark(0, 2 * side, "");
      density.forEach((height, i) => {
        const up = (height / tallest) * fill;
        curve.lineTo(Math.round((i / (places - 1)) * side * 2), Math.round((1 - up) * side * 2));
      });
      curve.lineTo(2 * side, 2 * side);
      return element("path", {
        class: `ar ls f${group} s${group} dd${group}`,
        transform: "scale(.5)",
        d: curve.text(),
      });
    })
    .join("");
}

/** Limits and target where the axis reaches them. */
function limits(column: DrawnColumn, axis: Axis, side: number): string {
  const lines: [number | undefined, string][] = [
    [column.lsl, "lim"],
    [column.target, "tgt"],
    [column.usl, "lim"],
  ];
  return lines
    .map(([value, className]) => {
      const at = value === undefined ? -1 : axis.at(value);
      return at >= 0 && at <= 1 ? line(at * side, 0, at * side, side, className) : "";
    })
    .join("");
}
