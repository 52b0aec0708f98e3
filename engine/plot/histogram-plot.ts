import { captionBelow, captionLeft, frame, grid, ticksBelow, ticksLeft } from "./axis-marks";
import { type Bins, countIn, histogramOf } from "./bins";
import { canDraw, type DrawnColumn, drawable, meanAndSd } from "./column";
import { type Picture, widest } from "./document";
import { type Groups, readGroups, withOthers } from "./group";
import { legend, legendWidth } from "./legend";
import { countOutside, limitRowsHeight, limitsWithin, uprightLimits } from "./limits";
import { fixed, significant, whole } from "./number-text";
import type { PlotLanguage, PlotRequest } from "./plot-request";
import { rangesOf } from "./ranges-of";
import { at, element, label, px } from "./svg";
import { wrap } from "./text";
import { groupColours } from "./theme";
import { type Axis, labelledTicks, tickSizePx, valueAxis } from "./value-axis";
import { wordsOf } from "./words";

export const maxHistogramColumns = 12;

/** How the values of each column are spread: bars, limits and target, n, mean and sd; groups stand on each other. */
export function histogramPlot(request: PlotRequest, columns: readonly DrawnColumn[]): Picture {
  const { language, rows } = request;
  const words = wordsOf(language);
  const groups = request.group && withOthers(readGroups(request.group, rows, groupColours, language), language);
  const right = groups ? legendWidth(groups, language) + 20 : 10;
  const across = columns.length === 1 ? 1 : columns.length <= 4 ? 2 : 3;
  const drawn = columns.map((column) => ({ column, bins: histogramOf(drawable(column.values)) }));
  const countWidth = widest(
    drawn.map(({ bins }) => whole(Math.max(...bins.counts), language)),
    tickSizePx,
  );
  const left = 36 + Math.ceil(countWidth);
  const width = Math.round((across === 1 ? 640 : across === 2 ? 760 : 900) / across);
  const height = across === 1 ? 300 : across === 2 ? 190 : 150;
  const factLines = Math.max(...columns.map((column) => wrap(factsOf(column, language), width, 10.5, 2).length));
  const above = 12 + factLines * 13 + limitRowsHeight(columns, language);
  const cell = { width: left + width + 16, height: above + height + 54 };
  const panels = drawn.map(({ column, bins }, i) =>
    at(
      (i % across) * cell.width + left,
      Math.floor(i / across) * cell.height + above + height,
      histogramPanel(column, bins, width, height, groups, language),
    ),
  );
  return {
    width: Math.ceil(across * cell.width + right),
    height: Math.ceil(columns.length / across) * cell.height,
    content: panels.join("") + (groups ? at(across * cell.width + 4, 10, legend(groups, language, "areas")) : ""),
    name: words.of(words.kinds.histogram, words.list(columns.map(({ title }) => title))),
    description: rangesOf(columns, language),
    notes: [
      words.binRule(
        words.list(
          drawn.map(({ column, bins }) =>
            columns.length === 1
              ? words.bins(whole(bins.counts.length, language))
              : `${column.title} ${whole(bins.counts.length, language)}`,
          ),
        ),
      ),
    ],
  };
}

/** From the lower left corner. */
function histogramPanel(
  column: DrawnColumn,
  bins: Bins,
  width: number,
  height: number,
  groups: Groups | undefined,
  language: PlotLanguage,
): string {
  const ends = [bins.edges[0]!, bins.edges.at(-1)!];
  const x = valueAxis(column, width, true, language, [...limitsWithin(column), ...ends]);
  const y = countAxis(Math.max(...bins.counts), height, language);
  const facts = wrap(factsOf(column, language), width, 10.5, 2);
  const top = -height - limitRowsHeight([column], language) - 6;
  return [
    grid(width, height, undefined, y),
    bars(column, bins, x, y, width, height, groups),
    uprightLimits(column, x, width, height, language),
    frame(width, height),
    ticksBelow(x, width),
    ticksLeft(y, height),
    captionBelow(x.caption, width, 30),
    captionLeft(
      y.caption,
      height,
      -16 -
        widest(
          y.ticks.map((tick) => tick.label),
          tickSizePx,
        ),
    ),
    ...facts.map((text, i) => label(0, top - (facts.length - 1 - i) * 13, text, { className: "m", size: 10.5 })),
  ].join("");
}

function factsOf(column: DrawnColumn, language: PlotLanguage): string {
  const words = wordsOf(language);
  const { mean, sd } = meanAndSd(column);
  const outside = countOutside(column);
  const facts = [`${words.n} = ${whole(column.count, language)}`, `${words.mean} ${significant(mean, 4, language)}`];
  if (!Number.isNaN(sd)) facts.push(`${words.sd} ${significant(sd, 3, language)}`);
  if (outside !== undefined)
    facts.push(words.outside(whole(outside, language), `${fixed((outside / column.count) * 100, 1, language)}%`));
  return facts.join(" · ");
}

function countAxis(most: number, height: number, language: PlotLanguage): Axis {
  const hi = most * 1.05;
  const { ticks } = labelledTicks(0, hi, height, false, language);
  // A count is whole.
  const wholeTicks = ticks.filter(({ value }) => Number.isInteger(value));
  return {
    lo: 0,
    hi,
    ticks: wholeTicks.map(({ value }) => ({ value, label: whole(value, language) })),
    caption: wordsOf(language).count,
    at: (value) => value / hi,
  };
}

/** One path for all bars of a group; a group stands on those before it. */
function bars(
  column: DrawnColumn,
  { edges, counts }: Bins,
  x: Axis,
  y: Axis,
  width: number,
  height: number,
  groups: Groups | undefined,
): string {
  const base = new Float64Array(counts.length);
  const layers = groups
    ? groups.labels.map((_, group) =>
        countIn(
          edges,
          column.values.filter((value, row) => canDraw(value) && groups.codes[row] === group),
        ),
      )
    : [counts];
  return layers
    .map((layer, group) => {
      const d = Array.from(layer, (count, i) => {
        if (count === 0) return "";
        const bottom = -y.at(base[i]!) * height;
        base[i]! += count;
        const left = px(x.at(edges[i]!) * width);
        return `M${left} ${px(bottom)}V${px(-y.at(base[i]!) * height)}H${px(x.at(edges[i + 1]!) * width)}V${px(bottom)}z`;
      }).join("");
      return d === "" ? "" : element("path", { class: groups ? `st f${group}` : "bar st", d });
    })
    .join("");
}
