import type { RefusalInfo } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import { isDeeperThan } from "../../engine/ingest/is-deeper-than";
import type { Reading } from "../../engine/ingest/read-payload";
import type { Host } from "../lib/define-node";
import { refusedRows, withBatch, withSample } from "../lib/messages";
import type { Message, Send } from "../lib/node-red";
import type { Dispatch, Entry } from "./custody";
import type { Meter } from "./meter";
import { shownPayload } from "./read-text";
import type { TwinIngestSettings } from "./twin-ingest.settings";

/** Far beyond what is accepted, and far below what crashes. */
const maxShownDepth = 100;

/**
 * Sends what became of one incoming message: samples by output 1, what is refused by output 2.
 *
 * @param msg the incoming message, with its payload; its other fields pass on
 * @param entry the entry of the journal that holds it
 */
export type Outlet = (reading: Reading, msg: Message, send: Send, entry?: Entry) => void;

/** @param dispatch for what stands in the journal */
export function createOutlet(
  host: Host,
  settings: Pick<TwinIngestSettings, "deliver" | "batchMax" | "batchMs">,
  meter: Meter,
  dispatch: Dispatch,
): Outlet {
  const gather = settings.deliver === "batch" ? createGatherer(host, settings, dispatch) : undefined;

  function refuse(msg: Message, error: RefusalInfo): Message {
    msg.payload = withoutDepth(shownPayload(msg.payload));
    return host.refused(msg, error);
  }

  function dispatchOne(messages: (Message | null)[], entry: Entry): void {
    entry.parts++;
    dispatch(messages, [entry]);
  }

  return (reading, msg, sendPlainly, entry) => {
    const send: Send = entry ? (messages) => dispatchOne(messages as (Message | null)[], entry) : sendPlainly;
    if (reading.kind === "refused") {
      meter.refused([reading.error]);
      send([null, refuse(msg, reading.error)]);
      return;
    }
    // A request waits for its answer: it cannot lie in a batch with others.
    const gathered = msg.res || entry?.alone ? undefined : gather;
    if (reading.kind === "sample") {
      meter.samples(1);
      if (gathered) gathered([reading.sample], entry);
      else send([withSample(msg, reading.sample), null]);
      return;
    }
    const { samples, errors } = reading;
    const [error] = errors;
    let refused: Message | null = null;
    if (error) {
      meter.refused(errors);
      const rows = reading.rows.map(withoutDepth);
      if (samples.length === 0) msg.payload = rows;
      refused = host.refused(refusedRows(msg, rows, errors, samples.length > 0), error);
    }
    if (samples.length > 0) meter.samples(samples.length);
    if (gathered) gathered(samples, entry);
    const good = gathered || samples.length === 0 ? null : withBatch(msg, samples);
    if (good || refused) send([good, refused]);
  };
}

/** Gathers samples into batches of at most `batchMax`, sent at the latest `batchMs` after the first. */
function createGatherer(
  host: Host,
  { batchMax, batchMs }: Pick<TwinIngestSettings, "batchMax" | "batchMs">,
  dispatch: Dispatch,
): (samples: Sample[], entry: Entry | undefined) => void {
  let waiting: Sample[] = [];
  let entries: Entry[] = [];
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length === 0) return;
    const message = withBatch({}, waiting);
    const held = entries;
    waiting = [];
    entries = [];
    if (held.length > 0) dispatch([message, null], held);
    else host.send([message, null]);
  }
  host.onClose(flush);

  return (samples, entry) => {
    for (const sample of samples) {
      waiting.push(sample);
      if (entry && entries.at(-1) !== entry) {
        entry.parts++;
        entries.push(entry);
      }
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
