import type { RefusalInfo } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import { isDeeperThan } from "../../engine/ingest/is-deeper-than";
import type { Reading } from "../../engine/ingest/read-payload";
import type { Host } from "../lib/define-node";
import { refusedRows, withBatch, withSample } from "../lib/messages";
import type { Message, Send } from "../lib/node-red";
import type { Meter } from "./meter";
import { shownPayload } from "./read-text";
import type { TwinIngestSettings } from "./twin-ingest.settings";

/** Far beyond what is accepted, and far below what crashes. */
const maxShownDepth = 100;

/**
 * Sends what became of one incoming message: samples by output 1, what is refused by output 2.
 *
 * @param msg the incoming message, with its payload; its other fields pass on
 */
export type Outlet = (reading: Reading, msg: Message, send: Send) => void;

export function createOutlet(
  host: Host,
  settings: Pick<TwinIngestSettings, "deliver" | "batchMax" | "batchMs">,
  meter: Meter,
): Outlet {
  const gather = settings.deliver === "batch" ? createGatherer(host, settings) : undefined;

  function refuse(msg: Message, error: RefusalInfo): Message {
    msg.payload = withoutDepth(shownPayload(msg.payload));
    return host.refused(msg, error);
  }

  return (reading, msg, send) => {
    if (reading.kind === "refused") {
      meter.refused(reading.error);
      send([null, refuse(msg, reading.error)]);
      return;
    }
    // A request waits for its answer: it cannot lie in a batch with others.
    const gathered = msg.res ? undefined : gather;
    if (reading.kind === "sample") {
      meter.samples(1);
      if (gathered) gathered([reading.sample]);
      else send([withSample(msg, reading.sample), null]);
      return;
    }
    const { samples, errors } = reading;
    const [error] = errors;
    let refused: Message | null = null;
    if (error) {
      meter.refused(error);
      const rows = reading.rows.map(withoutDepth);
      if (samples.length === 0) msg.payload = rows;
      refused = host.refused(refusedRows(msg, rows, errors, samples.length > 0), error);
    }
    if (samples.length > 0) meter.samples(samples.length);
    if (gathered) gathered(samples);
    const good = gathered || samples.length === 0 ? null : withBatch(msg, samples);
    if (good || refused) send([good, refused]);
  };
}

/** Gathers samples into batches of at most `batchMax`, sent at the latest `batchMs` after the first. */
function createGatherer(
  host: Host,
  { batchMax, batchMs }: Pick<TwinIngestSettings, "batchMax" | "batchMs">,
): (samples: Sample[]) => void {
  let waiting: Sample[] = [];
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    const samples = waiting;
    waiting = [];
    host.send([withBatch({}, samples), null]);
  }
  host.onClose(flush);

  return (samples) => {
    for (const sample of samples) {
      waiting.push(sample);
      if (waiting.length >= batchMax) flush();
    }
    if (waiting.length > 0) timer ??= setTimeout(flush, batchMs);
  };
}

/** Node-RED clones messages, and thousands of levels crash that: such an object is told, not passed on. */
const withoutDepth = (payload: unknown): unknown =>
  typeof payload === "object" && isDeeperThan(maxShownDepth, payload)
    ? "(an object nested too deep to pass on)"
    : payload;
