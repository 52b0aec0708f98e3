import { createQualityCounts, type QualityCounts } from "../../engine/cleaning/quality-counts";
import type { RefusalInfo } from "../../engine/contract/errors";
import { isTwinId } from "../../engine/contract/identity";
import type { Host } from "../lib/define-node";
import { isObject, twinFieldOf } from "../lib/messages";
import type { Message } from "../lib/node-red";
import { acquire } from "../lib/shared";

/** How good the data of each twin are: counted with every sample, and told by output 3 once a period. */
export interface Quality {
  counts: QualityCounts;
  /** Counts what was refused before it came here, such as by twin-ingest. */
  refused(msg: Message): void;
}

/** A message that is only to be counted: `msg.clean` is `{ refused: true }`, beside the `msg.error` of the refusal. */
export const isRefusedBefore = (msg: Message): boolean => isObject(msg.clean) && msg.clean.refused === true;

/** @param everySeconds length of a period; 0: nothing is counted */
export function openQuality(host: Host, everySeconds: number): Quality | undefined {
  if (everySeconds === 0) return undefined;
  // A deploy ends no period: what was counted before it goes on.
  const lease = acquire(`quality:${host.home}:${host.id}`, () => ({
    value: { counts: createQualityCounts(), sinceMs: Date.now() },
    dispose: () => undefined,
  }));
  host.onClose(() => lease.release());
  const { value: period } = lease;
  const { counts } = period;

  function tell(): void {
    const ts = Date.now();
    const seconds = Math.round((ts - period.sinceMs) / 1000);
    period.sinceMs = ts;
    const messages = counts
      .take()
      .map(({ id, values }): Message => ({ topic: id, payload: { seconds, ...values }, twin: { id, ts } }));
    if (messages.length > 0) host.send([null, null, messages]);
  }
  const timer = setInterval(tell, everySeconds * 1000).unref();
  host.onClose(() => clearInterval(timer));

  return {
    counts,
    refused(msg) {
      const errors: unknown[] = Array.isArray(msg.errors) ? msg.errors : [msg.error];
      for (const error of errors) {
        if (!isObject(error)) continue;
        const id = error.twin ?? twinFieldOf(msg)?.id;
        if (isTwinId(id)) counts.refused(id, error as unknown as RefusalInfo);
      }
    },
  };
}
