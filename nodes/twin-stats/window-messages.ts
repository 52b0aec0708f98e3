import type { RefusalInfo } from "../../engine/contract/errors";
import type { WindowResult } from "../../engine/statistics/stream-statistics";
import type { Host } from "../lib/define-node";
import { refusedRows } from "../lib/messages";
import type { Message } from "../lib/node-red";

/** One message for each window that has something to say. */
export function windowMessages(msg: Message, results: readonly WindowResult[]): Message[] {
  const { req, res, twin, ...rest } = msg;
  return results.map(({ id, statistics }, i) => ({
    ...rest,
    // One answer to a request.
    ...(i === 0 && req ? { req } : {}),
    ...(i === 0 && res ? { res } : {}),
    topic: id,
    payload: statistics,
  }));
}

/** The samples that came too late, as they came. */
export function lateSamples(
  host: Host,
  msg: Message,
  refused: readonly RefusalInfo[],
  othersGoOn: boolean,
): Message | null {
  const [first] = refused;
  if (!first) return null;
  if (!Array.isArray(msg.payload)) return host.refused(msg, first);
  const rows = msg.payload as unknown[];
  return host.refused(
    refusedRows(
      msg,
      refused.map(({ index }) => rows[index ?? 0]),
      [...refused],
      othersGoOn,
    ),
    first,
  );
}
