import { cleanTable } from "../../engine/cleaning/clean-table";
import type { CleaningReport } from "../../engine/cleaning/cleaning-report";
import { allNumbers } from "../../engine/cleaning/cleaning-rule";
import { withModelUnits } from "../../engine/cleaning/read-conversion";
import { isTwinId } from "../../engine/contract/identity";
import type { Table, Values } from "../../engine/contract/messages";
import type { TwinModel } from "../../engine/contract/model";
import { defineNode } from "../lib/define-node";
import { jobQueue } from "../lib/job-queue";
import { asksToCancel, type Incoming, isObject, readMessage, twinFieldOf } from "../lib/messages";
import type { Message, Send } from "../lib/node-red";
import { answerToBatch, answerToSample, answerToTable } from "./answers";
import { cleanInThread } from "./clean-in-thread";
import { keptCleaner } from "./kept-cleaner";
import { cancelled, isLarge, maxWaitingTables, tooMany } from "./large-tables";
import { isRefusedBefore, openQuality } from "./quality";
import { keepRecent } from "./recent-data";
import { servePreview } from "./serve-preview";
import { readTwinCleanSettings, type TwinCleanSettings } from "./twin-clean.settings";

/** The badge is renewed at most this often: a stream may bring thousands of samples a second. */
const badgeMs = 300;

export default defineNode<TwinCleanSettings>({
  type: "twin-clean",
  outputs: 3,
  refusalOutput: 1,
  readSettings: readTwinCleanSettings,
  serve: servePreview,
  start(host, settings) {
    const { rows: rowOptions, timeColumn, groupBy } = settings;
    const tableOptions = { ...rowOptions, timeColumn, groupBy };
    const model = host.useIfSet<TwinModel>("twin-model", settings.model);
    const rules = withModelUnits(settings.rules, (property) => model?.properties.get(property)?.unit);
    const quality = openQuality(host, settings.qualityEvery);
    const cleaner = keptCleaner(host, rules, { ...rowOptions, ...(quality && { trace: quality.counts.add }) });
    for (const { property } of rules)
      if (model && property !== allNumbers && !model.properties.has(property))
        host.warn(host.text("status.notInModel", { property, model: model.model }));

    const recent = keepRecent(host.node._alias ?? host.id);
    host.onClose(recent.release);

    const total = { in: 0, changed: 0, dropped: 0 };
    let lastDropped = false;
    let timer: NodeJS.Timeout | undefined;
    host.onClose(() => clearTimeout(timer));
    function show({ rows, changed }: CleaningReport): void {
      total.in += rows.in;
      total.changed += changed;
      total.dropped += rows.dropped;
      lastDropped = rows.dropped > 0;
      timer ??= setTimeout(() => {
        timer = undefined;
        host.show(lastDropped ? "refused" : "ok", host.text("status.counts", total));
      }, badgeMs);
    }

    // A deploy ends the cleaning of a large table at once: waiting for it would hold the deploy up.
    const queue = jobQueue(maxWaitingTables, tooMany);
    host.node.on("close", () => {
      queue.cancelAll(cancelled("The node was closed, by a deploy or by the end of Node-RED."));
    });
    function largeTable(msg: Message, rows: Table, send: Send): Promise<void> {
      return queue.run(async (signal) => {
        host.show("busy", host.text("status.cleaning", { rows: rows.length }));
        const cleaned = await cleanInThread(rows, rules, tableOptions, signal);
        show(cleaned.report);
        send(answerToTable(host, msg, cleaned));
      });
    }

    /** Cleans what takes no time. */
    function now(msg: Message, incoming: Incoming, namesTwin: boolean, send: Send): void {
      if (incoming.kind === "table") {
        const cleaned = cleanTable(incoming.rows, rules, tableOptions);
        show(cleaned.report);
        send(answerToTable(host, msg, cleaned));
        return;
      }
      const cleaned = cleaner.clean(incoming.kind === "sample" ? [incoming.sample] : incoming.samples);
      show(cleaned.report);
      if (incoming.kind === "sample") send(answerToSample(host, msg, cleaned, namesTwin));
      else send(answerToBatch(host, msg, cleaned));
    }

    return {
      input(msg, send) {
        if (isRefusedBefore(msg)) return quality?.refused(msg);
        if (asksToCancel(msg.clean)) {
          queue.cancelAll(cancelled("The cleaning of the table was cancelled."));
          return;
        }
        const { incoming, namesTwin } = read(msg);
        if (incoming.kind === "table") recent.keeper.table(incoming.rows);
        else recent.keeper.samples(incoming.kind === "sample" ? [incoming.sample] : incoming.samples);
        if (incoming.kind === "table" && isLarge(incoming.rows, rules, tableOptions))
          return largeTable(msg, incoming.rows, send);
        // What comes after a large table leaves after it.
        if (queue.busy) return queue.inTurn(() => now(msg, incoming, namesTwin, send));
        now(msg, incoming, namesTwin, send);
      },
    };
  },
});

/** Cleaning needs no twin: what a plain object or an MQTT topic such as sensor/data brings is cleaned all the same. */
function read(msg: Message): { incoming: Incoming; namesTwin: boolean } {
  if (!isObject(msg.payload) || twinFieldOf(msg) || isTwinId(msg.topic))
    return { incoming: readMessage(msg), namesTwin: true };
  const id = typeof msg.topic === "string" ? msg.topic : "";
  return {
    incoming: { kind: "sample", sample: { id, ts: Date.now(), values: msg.payload as Values } },
    namesTwin: false,
  };
}
