import { parentPort, workerData } from "node:worker_threads";
import { Refusal } from "../../engine/contract/errors";
import { type DescribeOptions, describeTable, type TableStatistics } from "../../engine/statistics/describe-table";
import type { StatisticsTable } from "../../engine/statistics/statistics-table";
import type { Refused } from "../lib/run-in-thread";
import { type PlotOptions, plotRequest } from "./plot-request";

/** What the worker is started with. */
export interface StatsRequest {
  table: StatisticsTable;
  options: Omit<DescribeOptions, "onProgress">;
  plot?: PlotOptions;
}

/** What the worker says, `done` as its last word. */
export type StatsAnswer =
  | { type: "progress"; share: number }
  | { type: "done"; statistics: TableStatistics; svg?: string };

/** Least ms between two messages of progress. */
const progressMs = 200;

const port = parentPort;
if (port) {
  const say = (answer: StatsAnswer | Refused): void => port.postMessage(answer);
  const { table, options, plot } = workerData as StatsRequest;
  let told = performance.now();
  const onProgress = (share: number): void => {
    if (performance.now() - told < progressMs) return;
    told = performance.now();
    say({ type: "progress", share });
  };
  void work(async () => {
    const statistics = describeTable(table, { ...options, onProgress });
    const svg = plot && (await picture(table, statistics, plot));
    say({ type: "done", statistics, ...(svg === undefined ? {} : { svg }) });
  }, say);
}

async function work(job: () => Promise<void>, say: (answer: Refused) => void): Promise<void> {
  try {
    await job();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say({ type: "refused", info: error.info });
  }
}

/** The picture; where there is nothing to draw, the numbers go out without one and say why. */
async function picture(
  table: StatisticsTable,
  statistics: TableStatistics,
  plot: PlotOptions,
): Promise<string | undefined> {
  // Loaded where it is needed only: a thread for numbers begins sooner.
  const { draw } = await import("../../engine/plot/draw.js");
  try {
    return draw(plotRequest(table, statistics, plot));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    statistics.warnings = [
      ...(statistics.warnings ?? []),
      `There is no picture. ${error.info.message} ${error.info.hint}`,
    ];
    return undefined;
  }
}
