import { Refusal, refuse } from "../contract/errors";
import { boxPlot, maxBoxColumns } from "./box-plot";
import { type DrawnColumn, readColumn } from "./column";
import { correlationPlot, maxCorrelationColumns } from "./correlation-plot";
import { documentOf, type Picture } from "./document";
import { histogramPlot, maxHistogramColumns } from "./histogram-plot";
import { whole } from "./number-text";
import { maxPairColumns, pairPlot } from "./pair-plot";
import type { PlotKind, PlotRequest } from "./plot-request";
import { maxSeriesColumns, seriesPlot } from "./series-plot";
import { wordsOf } from "./words";

export type {
  PlotColumn,
  PlotCorrelation,
  PlotGroup,
  PlotKind,
  PlotLanguage,
  PlotRequest,
  PlotTheme,
} from "./plot-request";
export { plotKinds } from "./plot-request";

interface Kind {
  draw(request: PlotRequest, columns: readonly DrawnColumn[]): Picture;
  /** Further columns are left out, and a note says so. */
  maxColumns: number;
}

const kinds: Record<PlotKind, Kind> = {
  pair: { draw: pairPlot, maxColumns: maxPairColumns },
  histogram: { draw: histogramPlot, maxColumns: maxHistogramColumns },
  correlation: { draw: correlationPlot, maxColumns: maxCorrelationColumns },
  box: { draw: boxPlot, maxColumns: maxBoxColumns },
  series: { draw: seriesPlot, maxColumns: maxSeriesColumns },
};

/**
 * One picture as the text of a self-contained SVG: no script, no reference to anything outside, every text escaped.
 * The same request gives the same text.
 *
 * @throws Refusal `too-few-rows` when no column has a number to draw, `bad-request` when lengths differ
 */
export function draw(request: PlotRequest): string {
  const kind = kinds[request.kind];
  checkLengths(request);
  const all = request.columns.map(readColumn);
  const usable = all.filter(({ count }) => count > 0);
  if (usable.length === 0)
    throw new Refusal(
      refuse(
        "too-few-rows",
        "There is nothing to draw: no column has a number.",
        "Choose columns that hold numbers, or a longer period.",
      ),
    );
  const columns = usable.slice(0, kind.maxColumns);
  const picture = kind.draw(request, columns);
  return documentOf(
    { ...picture, notes: [...picture.notes, ...notesOn(request, all, columns, usable.length)] },
    request,
  );
}

function checkLengths({ columns, group, time, rows }: PlotRequest): void {
  const lengths: [string, number][] = columns.map(({ name, values }) => [name, values.length]);
  if (group) lengths.push([group.name, group.values.length]);
  if (time) lengths.push(["time", time.length]);
  for (const [name, length] of lengths)
    if (length !== rows)
      throw new Refusal(
        refuse("bad-request", `${name} has ${length} rows, not ${rows}.`, "Give every column the same rows."),
      );
}

/** What is not in the picture, so that nobody takes it for the whole. */
function notesOn(request: PlotRequest, all: DrawnColumn[], shown: DrawnColumn[], usable: number): string[] {
  const words = wordsOf(request.language);
  const { language } = request;
  const listed = (columns: DrawnColumn[], count: (column: DrawnColumn) => number): string =>
    words.list(columns.map((column) => `${column.title} ${whole(count(column), language)}`));
  const notes: string[] = [];
  const withMissing = shown.filter(({ missing }) => missing > 0);
  const withBeyond = shown.filter(({ beyond }) => beyond > 0);
  const without = all.filter(({ count }) => count === 0);
  if (shown.length < usable) notes.push(words.columnsShown(whole(shown.length, language), whole(usable, language)));
  if (withMissing.length > 0) notes.push(words.missing(listed(withMissing, ({ missing }) => missing)));
  if (withBeyond.length > 0) notes.push(words.beyond(listed(withBeyond, ({ beyond }) => beyond)));
  if (without.length > 0) notes.push(words.nothing(words.list(without.map(({ title }) => title))));
  return notes;
}
