import type { CleanedTable, Dropped } from "../../engine/cleaning/clean-table";
import type { CleaningReport } from "../../engine/cleaning/cleaning-report";
import type { CleanedSamples } from "../../engine/cleaning/create-cleaner";
import type { Sample } from "../../engine/contract/messages";
import type { Host } from "../lib/define-node";
import { refusedRows, withBatch, withSample } from "../lib/messages";
import type { Message, Outgoing } from "../lib/node-red";

/** A sample, or the points of a grid that it let leave: none, or one message each. */
export function answerToSample(
  host: Host,
  msg: Message,
  { samples, dropped, report }: CleanedSamples,
  namesTwin: boolean,
): Outgoing {
  if (dropped.length > 0) return [null, { ...host.refused(msg, dropped[0]!.error), report }];
  const messages = samples.map((_, i) => (i === 0 ? msg : withoutRequest(host.red.util.cloneMessage(msg))));
  samples.forEach((sample, i) => {
    const out = messages[i]!;
    if (namesTwin) withSample(out, sample);
    else out.payload = sample.values;
    out.report = report;
  });
  return [messages.length === 1 ? messages[0]! : messages, null];
}

/** The good part of a batch, and what was dropped of it. Fields of an entry that are not a sample's own pass on. */
export function answerToBatch(host: Host, msg: Message, { samples, from, dropped, report }: CleanedSamples): Outgoing {
  const entries = msg.payload as Record<string, unknown>[];
  const out2 = refused(host, msg, dropped, report, entries);
  if (samples.length === 0 && entries.length > 0) return [null, out2];
  withBatch(
    msg,
    samples.map((sample, i): Sample => (from ? { ...entries[from[i]!], ...sample } : sample)),
  );
  msg.report = report;
  return [msg, out2];
}

export function answerToTable(host: Host, msg: Message, { rows, dropped, report }: CleanedTable): Outgoing {
  const out2 = refused(host, msg, dropped, report, msg.payload as unknown[]);
  if (rows.length === 0 && out2) return [null, out2];
  msg.payload = rows;
  msg.report = report;
  return [msg, out2];
}

/** The message of the dropped rows of a batch or table. */
function refused(
  host: Host,
  msg: Message,
  dropped: readonly Dropped<unknown>[],
  report: CleaningReport,
  source: readonly unknown[],
): Message | null {
  const first = dropped[0];
  if (!first) return null;
  const rows = dropped.map(({ error }) => source[error.index ?? 0]);
  const errors = dropped.map(({ error }) => error);
  return { ...host.refused(refusedRows(msg, rows, errors, report.rows.out > 0), first.error), report };
}

/** One answer to a request. */
function withoutRequest({ req, res, ...msg }: Message): Message {
  return msg;
}
