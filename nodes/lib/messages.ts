import { quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import { idHint, isTwinId } from "../../engine/contract/identity";
import type { Presence, Quality, Sample, Scalar, Table, Values } from "../../engine/contract/messages";
import { createArrivalClock } from "../../engine/ingest/arrival-clock";
import type { Message } from "./node-red";

/** What `msg.twin` says of a sample, and `batch` of a batch. */
export interface TwinField {
  id?: string;
  ts?: number;
  seq?: number;
  model?: string;
  quality?: Record<string, Quality>;
  raw?: Values;
  historical?: boolean;
  retained?: boolean;
  transient?: boolean;
  status?: Presence;
  batch?: number;
  [more: string]: unknown;
}

/** A message as the nodes of this package understand it: see docs/message-contract.md. */
export type Incoming =
  | { kind: "sample"; sample: Sample }
  | { kind: "batch"; samples: Sample[] }
  | { kind: "table"; rows: Table };

/** Whether a message's own field, such as `msg.train`, asks to end what runs: `{ cancel: true }`. */
export const asksToCancel = (field: unknown): boolean =>
  isObject(field) && (field.cancel === true || field.cancel === "true");

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);

export const twinFieldOf = (msg: Message): TwinField | undefined =>
  isObject(msg.twin) ? (msg.twin as TwinField) : undefined;

/** Of two samples of one twin without a time, the later one is later, also within one millisecond. */
const stampOf = createArrivalClock();

const isEntry = (row: unknown): boolean => isObject(row) && typeof row.id === "string" && isObject(row.values);

/**
 * Reads a sample, a batch or a table. An object payload without `msg.twin` is a sample of the twin in `msg.topic`, true now.
 * An array is a batch when `msg.twin.batch` says so or every element has `id` and `values`; else it is a table.
 * Throws `Refusal` for anything else.
 */
export function readMessage(msg: Message, now: number = Date.now()): Incoming {
  const twin = twinFieldOf(msg);
  const { payload } = msg;
  if (Array.isArray(payload)) {
    if (twin?.batch !== undefined || (payload.length > 0 && payload.every(isEntry)))
      return { kind: "batch", samples: payload.map((entry, index) => readEntry(entry, now, index)) };
    return { kind: "table", rows: payload as Table };
  }
  if (!isObject(payload))
    throw new Refusal(
      refuse("bad-payload", `msg.payload is ${quote(payload)}.`, "Send an object of properties, or an array of rows."),
    );
  const id = twin?.id ?? msg.topic;
  checkId(id, twin?.id === undefined ? "msg.topic" : "msg.twin.id");
  const ts = twin?.ts === undefined ? stampOf(id as string, now) : readTime(twin.ts, "msg.twin.ts");
  const sample: Sample = { id: id as string, ts, values: payload as Values };
  if (twin) copyDetails(twin, sample);
  return { kind: "sample", sample };
}

/** Samples of a sample or a batch. A table is refused: it says nothing of twin or time. */
export function readSamples(msg: Message, now?: number): { kind: "sample" | "batch"; samples: Sample[] } {
  const incoming = readMessage(msg, now);
  if (incoming.kind === "sample") return { kind: "sample", samples: [incoming.sample] };
  if (incoming.kind === "batch") return incoming;
  throw new Refusal(
    refuse(
      "bad-payload",
      "msg.payload is a table: its rows name no twin and no time.",
      "Put twin-ingest before this node, or give each row as { id, ts, values }.",
    ),
  );
}

/** `msg` with the sample in `topic`, `payload` and `twin`; every other field stays. */
export function withSample(msg: Message, sample: Sample): Message {
  const { values, ...details } = sample;
  msg.topic = sample.id;
  msg.payload = values;
  msg.twin = { ...keptOf(msg), ...details };
  return msg;
}

/** `msg` with the batch in `payload`; every other field stays. */
export function withBatch(msg: Message, samples: Sample[]): Message {
  msg.payload = samples;
  msg.twin = { batch: samples.length };
  return msg;
}

/** Fields of `msg.twin` that are not a sample's own, such as `rev`, pass on. */
function keptOf(msg: Message): Record<string, unknown> {
  const twin = twinFieldOf(msg);
  if (!twin) return {};
  const { id, ts, seq, model, quality, raw, historical, retained, transient, status, batch, ...kept } = twin;
  return kept;
}

/**
 * The refused rows of a batch or table as one message: `payload` holds the rows as they came, `errors` one verdict each,
 * `error` the first. Without `req` and `res` when a good part goes on by output 1.
 */
export function refusedRows(msg: Message, rows: unknown[], errors: RefusalInfo[], goodPartGoesOn: boolean): Message {
  const { req, res, ...rest } = msg;
  const out: Message = goodPartGoesOn ? rest : { ...msg };
  out.payload = rows;
  if (twinFieldOf(msg)?.batch !== undefined) out.twin = { batch: rows.length };
  out.errors = errors;
  return out;
}

function readEntry(entry: unknown, now: number, index: number): Sample {
  if (!isObject(entry) || !isObject(entry.values))
    throw new Refusal(
      refuse("bad-payload", `Row ${index} of the batch has no values.`, "Give { id, ts, values }.", { index }),
    );
  checkId(entry.id, "id", index);
  const sample: Sample = {
    id: entry.id as string,
    ts: entry.ts === undefined ? stampOf(entry.id as string, now) : readTime(entry.ts, "ts", index),
    values: entry.values as Values,
  };
  copyDetails(entry as TwinField, sample);
  return sample;
}

function copyDetails(from: TwinField, to: Sample): void {
  if (typeof from.seq === "number") to.seq = from.seq;
  if (typeof from.model === "string") to.model = from.model;
  if (isObject(from.quality)) to.quality = from.quality;
  if (isObject(from.raw)) to.raw = from.raw as Record<string, Scalar>;
  if (from.historical === true) to.historical = true;
  if (from.retained === true) to.retained = true;
  if (from.transient === true) to.transient = true;
  if (from.status === "online" || from.status === "offline") to.status = from.status;
}

function checkId(id: unknown, field: string, index?: number): void {
  if (!isTwinId(id)) throw new Refusal(refuse("bad-id", `${field} is ${quote(id)}.`, idHint, { index }));
}

function readTime(ts: unknown, field: string, index?: number): number {
  if (typeof ts === "number" && Number.isInteger(ts) && Math.abs(ts) <= 8.64e15) return ts;
  throw new Refusal(
    refuse("bad-time", `${field} is ${quote(ts)}.`, "Use whole milliseconds since 1970-01-01 UTC.", { index }),
  );
}
