import { Failure, Refusal, type RefusalInfo } from "../../engine/contract/errors";
import { defineNode, type Host } from "../lib/define-node";
import { refusedRows, twinFieldOf } from "../lib/messages";
import type { Message, Send } from "../lib/node-red";
import type { History, Written } from "../twin-history/history";
import { createHistoryBadge } from "./history-badge";
import { type Rows, readRows } from "./read-rows";
import { readTwinWriteSettings, type TwinWriteSettings } from "./twin-write.settings";

export default defineNode<TwinWriteSettings>({
  type: "twin-write",
  readSettings: readTwinWriteSettings,
  start(host, settings) {
    const history = host.use<History>("twin-history", settings.history);
    const badge = createHistoryBadge(host, history);
    /** Settles when every message before has left. */
    let tail: Promise<void> = Promise.resolve();

    async function leave(msg: Message, send: Send, rows: Rows, writing: Promise<Written>, before: Promise<void>) {
      const written = await writing.catch((error: unknown) => {
        throw isHeldBack(msg, error) ? new Failure("busy", error.message, error.info.hint, true) : error;
      });
      // Many are on their way to the history at once; they leave in the order in which they came. What brings no sample does
      // not wait: nothing bounds how many of those there are.
      if (rows.samples.length > 0) await before;
      badge.count(written.written);
      send(outputsOf(host, msg, rows, written, history));
    }

    return {
      input(msg, send) {
        const rows = readRows(msg);
        const before = tail;
        const leaving = leave(msg, send, rows, history.write(rows.samples), before);
        tail = leaving.catch(() => before);
        return leaving;
      },
    };
  },
});

/** A message that the source's journal stands behind is tried again later: refused, it would be gone from the history. */
const isHeldBack = (msg: Message, error: unknown): error is Refusal =>
  error instanceof Refusal && error.code === "busy" && Array.isArray(msg._twinTokens);

function outputsOf(host: Host, msg: Message, rows: Rows, written: Written, history: History): (Message | null)[] {
  const done: Record<string, unknown> = {
    count: written.written,
    backend: history.backend,
    database: history.database,
    ...(written.spooled ? { spooled: written.spooled } : {}),
    ...(written.empty > 0 ? { empty: written.empty } : {}),
  };
  const errors: RefusalInfo[] = [
    ...rows.refused.map(({ error }) => error),
    ...written.refused.map(({ index, error }) => ({ ...error, index: rows.rowOf[index] as number })),
  ].sort((a, b) => (a.index as number) - (b.index as number));
  if (errors.length === 0) return [{ ...msg, written: done }, null];

  const first = errors[0] as RefusalInfo;
  if (!Array.isArray(msg.payload)) {
    const { index, ...error } = first;
    return [null, host.refused(msg, error)];
  }
  const bad = new Set(errors.map(({ index }) => index));
  const good = msg.payload.filter((_row, index) => !bad.has(index));
  const refused = msg.payload.filter((_row, index) => bad.has(index));
  return [
    good.length > 0
      ? {
          ...msg,
          payload: good,
          ...(twinFieldOf(msg) ? { twin: { ...twinFieldOf(msg), batch: good.length } } : {}),
          written: done,
        }
      : null,
    host.refused(refusedRows(msg, refused, errors, good.length > 0), first),
  ];
}
