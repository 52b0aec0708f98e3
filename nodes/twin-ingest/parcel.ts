import { isUtf8 } from "node:buffer";
import type { Reading } from "../../engine/ingest/read-payload";
import type { Message } from "../lib/node-red";

/** What came in by a door and was read. As the journal keeps it, it can be handed on again without reading it anew. */
export interface Parcel {
  topic: string;
  /** `msg.source`. */
  source: Record<string, unknown>;
  reading: Reading;
  /** As it came; kept for a payload that is refused. */
  payload?: unknown;
  /** By which a repeat is recognised: see repeats.ts. */
  mark?: Mark;
}

export interface Mark {
  /** CRC-32 of the payload. */
  crc: number;
  /** MQTT's packet identifier. */
  messageId?: number;
  /** HTTP's Idempotency-Key. */
  key?: string;
  /** Samples that were left out, because they had been taken in before. */
  repeated?: number;
}

/** The message that the parcel is handed on as, before its reading is put in. */
export const messageOf = ({ topic, source, payload }: Parcel): Message => ({ topic, payload, source });

export function encodeParcel({ payload, ...parcel }: Parcel): string {
  const record: Record<string, unknown> = parcel;
  if (parcel.reading.kind === "refused") {
    if (Buffer.isBuffer(payload) && !isUtf8(payload)) record.base64 = payload.toString("base64");
    else record.payload = Buffer.isBuffer(payload) ? payload.toString("utf8") : payload;
  }
  return JSON.stringify(record);
}

export function decodeParcel(data: Buffer): Parcel {
  const { base64, ...parcel } = JSON.parse(data.toString("utf8")) as Parcel & { base64?: string };
  return base64 === undefined ? parcel : { ...parcel, payload: Buffer.from(base64, "base64") };
}
