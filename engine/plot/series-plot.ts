import { Refusal, refuse } from "../contract/errors";
import { captionLeft, frame, grid, ticksLeft } from "./axis-marks";
import type { DrawnColumn } from "./column";
import { type Picture, widest } from "./document";
import { type Groups, readGroups } from "./group";
import { legend, legendWidth } from "./legend";
import { limitsWidth, limitsWithin, lyingLimits } from "./limits";
import { domainOf } from "./nice-ticks";
import { whole } from "./number-text";
import { longestStep, orderByTime, type TimeOrder } from "./order-by-time";
import type { PlotRequest } from "./plot-request";
import { rangesOf } from "./ranges-of";
import { at, createPath, element, label, line, rect } from "./svg";
import { groupColours } from "./theme";
import { timeTicks } from "./time-ticks";
import { type Trace, traceOf } from "./trace-of";
import { type Axis, labelledTicks, tickSizePx, valueAxis } from "./value-axis";
import { wordsOf } from "./words";

export const maxSeriesColumns = 12;

const width = 800;
/** Points that all lines together may have, at four a bucket. */
const maxPoints = 50_000;

/** Columns over time, one below the other on one time axis, a line for each group. Gaps are shaded, spikes always seen. */
export function seriesPlot(request: PlotRequest, columns: readonly DrawnColumn[]): Picture {
  const { language, rows } = request;
  const words = wordsOf(language);
  const groups = request.group && readGroups(request.group, rows, groupColours, language);
  const order = orderByTime(request.time, rows, groups?.codes);
  if (order.rows.length === 0)
    throw new Refusal(
      refuse("too-few-rows", "There is nothing to draw: no row has a time.", "Name the column that holds the time."),
    );
  const height = columns.length === 1 ? 300 : columns.length < 4 ? 170 : 120;
  const above = 12;
  const drawn = columns.map((column) => ({
    column,
    y: valueAxis(column, height, false, language, limitsWithin(column)),
  }));
  const left =
    44 +
    Math.ceil(
      widest(
        drawn.flatMap(({ y }) => y.ticks.map((tick) => tick.label)),
        tickSizePx,
      ),
    );
  const right = 14 + Math.max(...columns.map((column) => limitsWidth(column, language)));
  const time = timeDomain(order.times[0]!, order.times.at(-1)!, request.time !== undefined);

  const lines = columns.length * (groups?.labels.length ?? 1);
  // Buckets in half pixels, wider when there are many lines.
  const bucket = Math.max(2, Math.ceil((width * 2 * 4 * lines) / maxPoints));
  let gapCount = 0;
  let isThinned = false;
  const panels = drawn.map(({ column, y }, i) => {
    const traces = tracesOf(
      column,
      y,
      order,
      groups,
      (t) => (((t - time.lo) / (time.hi - time.lo)) * width * 2) / bucket,
    );
    gapCount += traces.reduce((sum, trace) => sum + trace.gapCount, 0);
    isThinned ||=
      traces.reduce((sum, { runs }) => sum + runs.reduce((n, run) => n + run.length / 2, 0), 0) < column.count;
    return at(
      left,
      above + i * (height + above) + height,
      [
        grid(width, height, undefined, y),
        ...(groups ? [] : traces.flatMap(({ gaps }) => gaps.map(([from, to]) => shade(from, to, bucket, height)))),
        ...traces.map((trace, group) => drawTrace(trace, group, bucket, height, groups !== undefined)),
        lyingLimits(column, y, width, height, language),
        frame(width, height),
        ticksLeft(y, height),
        captionLeft(y.caption, height, 22 - left),
      ].join(""),
    );
  });
  const bottom = above + columns.length * (height + above) - above;
  const n = whole(rows, language);
  return {
    width: Math.ceil(left + width + right + (groups ? legendWidth(groups, language) + 12 : 0)),
    height: bottom + 52,
    content: [
      ...panels,
      at(left, bottom, timeAxis(request, time.lo, time.hi)),
      groups ? at(left + width + right, 4, legend(groups, language, "lines")) : "",
    ].join(""),
    name: words.of(words.kinds.series, words.list(columns.map(({ title }) => title))),
    description: rangesOf(columns, language),
    notes: [
      isThinned ? words.decimated(n) : words.allPoints(n),
      ...(gapCount > 0 ? [`${words.gaps(whole(gapCount, language))} ${words.gapRule}`] : []),
      ...(order.unordered > 0 ? [words.unordered(whole(order.unordered, language))] : []),
      ...(order.untimed > 0 ? [words.noTime(whole(order.untimed, language))] : []),
      ...(groups && groups.total > groups.labels.length
        ? [words.groupsShown(whole(groups.labels.length, language), whole(groups.total, language), groups.by)]
        : []),
    ],
  };
}

/** Around a single instant an hour on both sides, not a share of all time since 1970. */
const timeDomain = (first: number, last: number, isTime: boolean): { lo: number; hi: number } =>
  isTime && first === last ? { lo: first - 3_600_000, hi: last + 3_600_000 } : domainOf(first, last, 0.01);

/** One line, or one for each group: of its own rows, so that those of others are no gaps. */
function tracesOf(
  column: DrawnColumn,
  y: Axis,
  order: TimeOrder,
  groups: Groups | undefined,
  place: (time: number) => number,
): Trace[] {
  const { rows, times } = order;
  const trace = (keep: (row: number) => boolean): Trace => {
    const own = times.filter((_, i) => keep(rows[i]!));
    const values = Float64Array.from(rows.filter(keep), (row) => {
      const share = y.at(column.values[row]!);
      return share >= 0 && share <= 1 ? share : Number.NaN;
    });
    return traceOf(own.map(place), values, own, longestStep(own));
  };
  if (!groups) return [trace(() => true)];
  return groups.labels.map((_, group) => trace((row) => groups.codes[row] === group));
}

/** At least a pixel, so that no gap is too short to be seen. */
const shade = (from: number, to: number, bucket: number, height: number): string =>
  rect((from * bucket) / 2, -height, Math.max(1, ((to - from) * bucket) / 2), height, "gap");

function drawTrace({ runs }: Trace, group: number, bucket: number, height: number, isGrouped: boolean): string {
  const lines = createPath();
  const dots = createPath();
  for (const run of runs) {
    const point = (i: number): [number, number] => [run[i]! * bucket, -Math.round(run[i + 1]! * height * 2)];
    if (run.length === 2) dots.mark(...point(0), "h0");
    else {
      lines.mark(...point(0), "");
      for (let i = 2; i < run.length; i += 2) lines.lineTo(...point(i));
    }
  }
  const dashes = isGrouped && group > 0 ? ` dd${group}` : "";
  const path = (className: string, d: string): string =>
    d === "" ? "" : element("path", { class: className, transform: "scale(.5)", d });
  return path(`ls open s${group}${dashes}`, lines.text()) + path(`dot s${group}`, dots.text());
}

function timeAxis({ time, language }: PlotRequest, lo: number, hi: number): string {
  const words = wordsOf(language);
  const at = (value: number): number => ((value - lo) / (hi - lo)) * width;
  const ticks = time
    ? timeTicks(lo, hi, width, language)
    : labelledTicks(lo, hi, width, true, language).ticks.map((tick) => ({ ...tick, context: "" }));
  return [
    ...ticks.flatMap(({ value, label: text, context }) => {
      const x = at(value);
      const below = context === "" ? "" : label(x, 28, context, { className: "m", anchor: "middle", size: tickSizePx });
      return [line(x, 0, x, 4, "a"), label(x, 15, text, { className: "m", anchor: "middle", size: tickSizePx }), below];
    }),
    label(width / 2, 43, time ? words.time : words.row, { anchor: "middle" }),
  ].join("");
}
