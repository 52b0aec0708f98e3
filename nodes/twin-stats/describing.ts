import path from "node:path";
import { describeTable, type TableStatistics } from "../../engine/statistics/describe-table";
import { buffersOf, type StatisticsTable } from "../../engine/statistics/statistics-table";
import { type RowSource, type TableOptions, tableBuilder } from "../../engine/statistics/table-builder";
import { inSlices } from "../lib/in-slices";
import { runInThread } from "../lib/run-in-thread";
import type { StatsAnswer, StatsRequest } from "./stats-worker";

/** Tables of fewer cells are described at once, within some milliseconds: a thread takes longer to begin. */
const smallCells = 5000;

/** The numbers, and the picture where one was asked for. */
export interface Described {
  statistics: TableStatistics;
  svg?: string;
}

/** Rows as typed columns, in slices: it is the one part of the work that the main thread has to do. */
export async function toColumns(
  source: RowSource,
  options: TableOptions,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<StatisticsTable> {
  const builder = tableBuilder(source, options);
  await inSlices(
    () => builder.step(4000),
    signal,
    () => onProgress(builder.share),
  );
  return builder.finish();
}

/**
 * Describes a table and draws its picture, in a thread of its own unless that is done in a moment. Aborting the signal ends
 * the thread at once.
 *
 * @param request its table is handed over and cannot be used afterwards
 */
export async function describe(
  request: StatsRequest,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Described> {
  const { table, options, plot } = request;
  if (!plot && table.rows * table.columns.length <= smallCells && table.columns.length <= 30)
    return { statistics: describeTable(table, options) };
  return runInThread(
    {
      file: path.join(__dirname, "stats-worker.js"),
      name: "twin-stats",
      job: "description",
      data: request,
      transfer: buffersOf(table),
      smaller: "Name fewer columns, or send a part of the rows.",
      answer(answer: StatsAnswer) {
        if (answer.type === "done") return answer;
        if (answer.type === "progress") onProgress(answer.share);
        return undefined;
      },
    },
    signal,
  );
}
