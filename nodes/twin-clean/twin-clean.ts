import { cleanTable, type Dropped } from "../../engine/cleaning/clean-table";
import type { CleaningReport } from "../../engine/cleaning/cleaning-report";
import { allNumbers } from "../../engine/cleaning/cleaning-rule";
import { withModelUnits } from "../../engine/cleaning/read-conversion";
import { Refusal, refuse } from "../../engine/contract/errors";
import { isTwinId } from "../../engine/contract/identity";
import type { Sample, Table, Values } from "../../engine/contract/messages";
import type { TwinModel } from "../../engine/contract/model";
import { defineNode } from "../lib/define-node";
import { isObject, readMessage, refusedRows, twinFieldOf, withBatch, withSample } from "../lib/messages";
import type { Message, Outgoing } from "../lib/node-red";
import { keptCleaner } from "./kept-cleaner";
import { isRefusedBefore, openQuality } from "./quality";
import { keepRecent } from "./recent-data";
import { servePreview } from "./serve-preview";
import { readTwinCleanSettings, type TwinCleanSettings } from "./twin-clean.settings";

const maxCells = 50_000_000;
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
    const model = host.useIfSet<TwinModel>("twin-model", settings.model);
    const rules = withModelUnits(settings.rules, (property) => model?.properties.get(property)?.unit);
    const quality = openQuality(host, settings.qualityEvery);
    const cleaner = keptCleaner(host, rules, { ...rowOptions, ...(quality && { trace: quality.counts.add }) });
    for (const { property } of rules)
      if (model && property !== allNumbers && !model.properties.has(property))
        host.warn(host.text("status.notInModel", { property, model: model.model }));

    const recent = keepRecent(host.id);
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

    /** The message of the dropped rows of a batch or table. */
    function refused(
      msg: Message,
      dropped: Dropped<unknown>[],
      report: CleaningReport,
      source: unknown[],
    ): Message | null {
      const first = dropped[0];
      if (!first) return null;
      const rows = dropped.map(({ error }) => source[error.index ?? 0]);
      const errors = dropped.map(({ error }) => error);
      return { ...host.refused(refusedRows(msg, rows, errors, report.rows.out > 0), first.error), report };
    }

    function sample(msg: Message, one: Sample, namesTwin: boolean): Outgoing {
      const { samples, dropped, report } = cleaner.clean([one]);
      show(report);
      if (dropped.length > 0) return [null, { ...host.refused(msg, dropped[0]!.error), report }];
      // On a grid a sample may let no point leave, or several: one message each.
      const out = samples.map((cleaned, i) => put(i === 0 ? msg : { ...host.red.util.cloneMessage(msg) }, cleaned));
      return [out.length === 1 ? out[0]! : out, null];

      function put(to: Message, cleaned: Sample): Message {
        if (namesTwin) withSample(to, cleaned);
        else to.payload = cleaned.values;
        to.report = report;
        return to;
      }
    }

    function batch(msg: Message, all: Sample[]): Outgoing {
      const rows = msg.payload as Record<string, unknown>[];
      const { samples, from, dropped, report } = cleaner.clean(all);
      show(report);
      const out2 = refused(msg, dropped, report, rows);
      if (samples.length === 0 && (out2 || rows.length > 0)) return [null, out2];
      // Fields of an entry that are not a sample's own pass on.
      withBatch(
        msg,
        samples.map((sample, i) => (from ? { ...rows[from[i]!], ...sample } : sample)),
      );
      msg.report = report;
      return [msg, out2];
    }

    function table(msg: Message, rows: Table): Outgoing {
      const columns = isObject(rows[0]) ? Object.keys(rows[0]).length : 1;
      if (rows.length * columns > maxCells)
        throw new Refusal(
          refuse(
            "too-large",
            `The table has ${rows.length} x ${columns} cells.`,
            `Send at most ${maxCells} at a time.`,
          ),
        );
      const { rows: good, dropped, report } = cleanTable(rows, rules, { ...rowOptions, timeColumn, groupBy });
      show(report);
      const out2 = refused(msg, dropped, report, rows);
      if (good.length === 0 && out2) return [null, out2];
      msg.payload = good;
      msg.report = report;
      return [msg, out2];
    }

    return {
      input(msg, send) {
        if (isRefusedBefore(msg)) return quality?.refused(msg);
        // Cleaning needs no twin: what a plain object or an MQTT topic such as sensor/data brings is cleaned all the same.
        if (isObject(msg.payload) && !twinFieldOf(msg) && !isTwinId(msg.topic)) {
          const id = typeof msg.topic === "string" ? msg.topic : "";
          const one = { id, ts: Date.now(), values: msg.payload as Values };
          recent.keeper.samples([one]);
          return send(sample(msg, one, false));
        }
        const incoming = readMessage(msg);
        if (incoming.kind === "table") recent.keeper.table(incoming.rows);
        else recent.keeper.samples(incoming.kind === "sample" ? [incoming.sample] : incoming.samples);
        if (incoming.kind === "sample") send(sample(msg, incoming.sample, true));
        else if (incoming.kind === "batch") send(batch(msg, incoming.samples));
        else send(table(msg, incoming.rows));
      },
    };
  },
});
