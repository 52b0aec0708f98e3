import { timeColumnOf } from "../../engine/cleaning/read-times";
import { Refusal, refuse } from "../../engine/contract/errors";
import type { TwinModel } from "../../engine/contract/model";
import { type RowSource, rowsOf } from "../../engine/statistics/table-builder";
import { withDeadline } from "../lib/deadline";
import type { Host } from "../lib/define-node";
import { jobQueue } from "../lib/job-queue";
import type { Incoming } from "../lib/messages";
import { type Described, describe, toColumns } from "./describing";
import { plotOptions } from "./plot-request";
import type { TwinStatsSettings } from "./twin-stats.settings";

const maxWaiting = 8;

type Rows = Exclude<Incoming, { kind: "sample" }>;

/** Tables and batches, one after another. */
export interface TableWork {
  describe(rows: Rows, settings: TwinStatsSettings): Promise<Described>;
  /** Ends what is under way and drops what waits. */
  cancel(message: string): void;
}

export function createTableWork(host: Host, model: TwinModel | undefined): TableWork {
  const language = String(host.red.settings.lang ?? "").startsWith("zh") ? "zh-CN" : "en-US";
  const queue = jobQueue(maxWaiting, () =>
    refuse(
      "busy",
      `A table is worked on and ${maxWaiting} more wait.`,
      "Wait for them, or end them with msg.stats.cancel.",
    ),
  );
  const show = (key: string) => (share: number) =>
    host.show("busy", () => host.text(`status.${key}`, { percent: Math.round(share * 100) }));

  return {
    describe(rows, settings) {
      const { columns, by, plot, method, use, lag, maxRows, timeout } = settings;
      if (queue.busy) host.show("waiting", host.text("status.queued", { waiting: queue.waiting + 1 }));
      return queue.run(async (signal) => {
        const limit = withDeadline(signal, timeout, () => late(timeout));
        try {
          const timeColumn = plot === "series" ? timeColumnIn(rows, settings.timeColumn) : "";
          const options = { columns, by, maxRows, timeColumn };
          const table = await toColumns(sourceOf(rows), options, limit.signal, show("reading"));
          const picture = plot === "none" ? undefined : plotOptions(settings, plot, language, model);
          const request = { table, options: { method, use, lag }, ...(picture ? { plot: picture } : {}) };
          return await describe(request, limit.signal, show("computing"));
        } finally {
          limit.clear();
        }
      });
    },
    cancel(message) {
      queue.cancelAll(new Refusal(refuse("cancelled", message, "Send the table again when you like.")));
    },
  };
}

const sourceOf = (rows: Rows): RowSource =>
  rows.kind === "table"
    ? rowsOf(rows.rows)
    : {
        length: rows.samples.length,
        row: (i) => rows.samples[i]!.values,
        time: (i) => rows.samples[i]!.ts,
        id: (i) => rows.samples[i]!.id,
      };

/** The column of times of a table; samples bring their own. */
const timeColumnIn = (rows: Rows, named: string): string =>
  rows.kind === "table" ? (timeColumnOf(rows.rows, named) ?? "") : "";

const late = (seconds: number): Refusal =>
  new Refusal(
    refuse(
      "timed-out",
      `The table took longer than ${seconds} s.`,
      "Raise timeout, name fewer columns or send fewer rows.",
    ),
  );
