import type { Sample } from "../../engine/contract/messages";
import type { TwinModel } from "../../engine/contract/model";
import { createStreamStatistics } from "../../engine/statistics/stream-statistics";
import { defineNode } from "../lib/define-node";
import { asksToCancel, type Incoming, isObject, readMessage } from "../lib/messages";
import type { Message, Outgoing } from "../lib/node-red";
import { settingsOf } from "./overrides";
import { keepColumns, serveColumns } from "./seen-columns";
import { createTableWork } from "./table-work";
import { readTwinStatsSettings, type TwinStatsSettings } from "./twin-stats.settings";
import { lateSamples, windowMessages } from "./window-messages";

/** The stored definition; what `msg.stats` overrides is put over it before it is read. */
interface Stored extends TwinStatsSettings {
  def: Record<string, unknown>;
}

export default defineNode<Stored>({
  type: "twin-stats",
  serve: serveColumns,
  readSettings: (def) => ({ ...readTwinStatsSettings(def), def }),
  start(host, stored) {
    const tables = createTableWork(host, host.useIfSet<TwinModel>("twin-model", stored.model));
    const stream = createStreamStatistics(stored);
    const seen = keepColumns(host.id);
    host.onClose(seen.release);
    // A deploy ends the work at once: waiting for it would hold the deploy up.
    host.node.on("close", () => tables.cancel("The node was closed, by a deploy or by the end of Node-RED."));

    function samples(msg: Message, all: Sample[]): Outgoing {
      const { results, refused } = stream.add(all);
      const last = results.at(-1);
      if (refused[0]) host.show("refused", refused[0].message);
      else if (last) host.show("ok", () => host.text("status.window", { twin: last.id, rows: last.statistics.rows }));
      return [windowMessages(msg, results), lateSamples(host, msg, refused, results.length > 0)];
    }

    return {
      async input(msg, send) {
        if (asksToCancel(msg.stats)) {
          tables.cancel("The work on the table was cancelled.");
          host.show("idle", host.text("status.cancelled"));
          return;
        }
        const incoming = readMessage(msg);
        seen.keep(namesIn(incoming));
        if (incoming.kind === "sample") return send(samples(msg, [incoming.sample]));
        if (incoming.kind === "batch" && stored.window) return send(samples(msg, incoming.samples));
        const { statistics, svg } = await tables.describe(incoming, settingsOf(stored.def, stored, msg.stats));
        // A description is no sample, and a picture of another table is none of this one.
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
  if (incoming.kind === "sample") return Object.keys(incoming.sample.values);
  const row: unknown = incoming.kind === "table" ? incoming.rows[0] : incoming.samples[0]?.values;
  return isObject(row) ? Object.keys(row) : [];
}
