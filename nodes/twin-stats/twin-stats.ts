import { timeColumnOf } from "../../engine/cleaning/read-times";
import { Refusal, refuse } from "../../engine/contract/errors";
import type { Row, Sample } from "../../engine/contract/messages";
import type { TwinModel } from "../../engine/contract/model";
import type { TableStatistics } from "../../engine/statistics/describe-table";
import { createStreamStatistics } from "../../engine/statistics/stream-statistics";
import { rowsOf } from "../../engine/statistics/table-builder";
import { withDeadline } from "../lib/deadline";
import { defineNode } from "../lib/define-node";
import { jobQueue } from "../lib/job-queue";
import { type Incoming, isObject, readMessage, refusedRows } from "../lib/messages";
import type { Message, Outgoing } from "../lib/node-red";
import { describe, toColumns } from "./describing";
import { settingsOf } from "./overrides";
import { type PlotOptions, plotOptions } from "./plot-request";
import { keepColumns, serveColumns } from "./seen-columns";
import { readTwinStatsSettings, type TwinStatsSettings } from "./twin-stats.settings";

const maxWaiting = 8;

/** The stored definition; what `msg.stats` overrides is put over it before it is read. */
interface Stored extends TwinStatsSettings {
  def: Record<string, unknown>;
}

type Described = { statistics: TableStatistics; svg?: string };

export default defineNode<Stored>({
  type: "twin-stats",
  serve: serveColumns,
  readSettings: (def) => ({ ...readTwinStatsSettings(def), def }),
  start(host, stored) {
    const model = host.useIfSet<TwinModel>("twin-model", stored.model);
    const language = String(host.red.settings.lang ?? "").startsWith("zh") ? "zh-CN" : "en-US";
    const stream = createStreamStatistics(stored);
    const seen = keepColumns(host.id);
    host.onClose(seen.release);
    const queue = jobQueue(maxWaiting, () =>
      refuse(
        "busy",
        `A table is worked on and ${maxWaiting} more wait.`,
        "Wait for them, or end them with msg.stats.cancel.",
      ),
    );
    // A deploy ends the work at once: waiting for it would hold the deploy up.
    host.node.on("close", () => {
      queue.cancelAll(cancelled("The node was closed, by a deploy or by the end of Node-RED."));
    });

    function table(incoming: Exclude<Incoming, { kind: "sample" }>, settings: TwinStatsSettings): Promise<Described> {
      const { columns, by, plot, method, use, lag, maxRows, timeout } = settings;
      if (queue.busy) host.show("waiting", host.text("status.queued", { waiting: queue.waiting + 1 }));
      return queue.run(async (signal) => {
        const limit = withDeadline(signal, timeout, () => late(timeout));
        const show = (key: string) => (share: number) =>
          host.show("busy", () => host.text(`status.${key}`, { percent: Math.round(share * 100) }));
        try {
          const data = await toColumns(
            sourceOf(incoming),
            { columns, by, maxRows, timeColumn: plot === "series" ? timeColumn(incoming, settings) : "" },
            limit.signal,
            show("reading"),
          );
          const picture: PlotOptions | undefined =
            plot === "none" ? undefined : plotOptions(settings, plot, language, model);
          return await describe(
            { table: data, options: { method, use, lag }, ...(picture ? { plot: picture } : {}) },
            limit.signal,
            show("computing"),
          );
        } finally {
          limit.clear();
        }
      });
    }

    /** Results of the windows that moved, one message each, and the samples that came too late. */
    function samples(msg: Message, all: Sample[], isBatch: boolean): Outgoing {
      const { results, refused } = stream.add(all);
      const [first] = refused;
      const rows = msg.payload;
      let out2: Message | null = null;
      if (first) {
        const late = isBatch
          ? refusedRows(
              msg,
              refused.map(({ index }) => (rows as unknown[])[index ?? 0]),
              refused,
              results.length > 0,
            )
          : msg;
        out2 = host.refused(late, first);
      }
      const { req, res, twin, ...rest } = msg;
      const out1 = results.map(({ id, statistics }, i): Message => {
        // One answer to a request.
        const asked = i === 0 ? { ...(req ? { req } : {}), ...(res ? { res } : {}) } : {};
        return { ...rest, ...asked, topic: id, payload: statistics };
      });
      const last = results.at(-1);
      if (first) host.show("refused", first.message);
      else if (last) host.show("ok", () => host.text("status.window", { twin: last.id, rows: last.statistics.rows }));
      return [out1.length > 0 ? out1 : null, out2];
    }

    return {
      async input(msg, send) {
        if (isObject(msg.stats) && (msg.stats.cancel === true || msg.stats.cancel === "true")) {
          queue.cancelAll(cancelled("The work on the table was cancelled."));
          host.show("idle", host.text("status.cancelled"));
          return;
        }
        const incoming = readMessage(msg);
        seen.keep(namesIn(incoming));
        if (incoming.kind === "sample") return send(samples(msg, [incoming.sample], false));
        if (incoming.kind === "batch" && stored.window) return send(samples(msg, incoming.samples, true));
        const { statistics, svg } = await table(incoming, settingsOf(stored.def, stored, msg.stats));
        delete msg.twin;
        delete msg.svg;
        msg.payload = statistics;
        if (svg !== undefined) msg.svg = svg;
        const columns = Object.keys(statistics.columns).length;
        host.show("ok", host.text("status.described", { rows: statistics.rows, columns }));
        send([msg, null]);
      },
    };
  },
});

/** What the form offers to pick from. */
function namesIn(incoming: Incoming): string[] {
  const row =
    incoming.kind === "table"
      ? incoming.rows[0]
      : incoming.kind === "batch"
        ? incoming.samples[0]?.values
        : incoming.sample.values;
  return isObject(row) ? Object.keys(row) : [];
}

const sourceOf = (incoming: Exclude<Incoming, { kind: "sample" }>) =>
  incoming.kind === "table"
    ? rowsOf(incoming.rows)
    : {
        ...rowsOf(incoming.samples.map(({ values }) => values)),
        time: (i: number) => incoming.samples[i]!.ts,
        id: (i: number) => incoming.samples[i]!.id,
      };

/** The column of times of a table; samples bring their own. */
const timeColumn = (incoming: Incoming, settings: TwinStatsSettings): string =>
  incoming.kind === "table" ? (timeColumnOf(incoming.rows as Row[], settings.timeColumn) ?? "") : "";

const cancelled = (message: string): Refusal =>
  new Refusal(refuse("cancelled", message, "Send the table again when you like."));

const late = (seconds: number): Refusal =>
  new Refusal(
    refuse(
      "timed-out",
      `The table took longer than ${seconds} s.`,
      "Raise timeout, name fewer columns or send fewer rows.",
    ),
  );
