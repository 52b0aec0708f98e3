import { Refusal, type RefusalInfo } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import { readSamples, twinFieldOf } from "../lib/messages";
import type { Message } from "../lib/node-red";

/** A message's samples, each with its row, and the rows that are none. */
export interface Rows {
  samples: Sample[];
  /** Row of `samples[i]`. */
  rowOf: number[];
  refused: { index: number; error: RefusalInfo }[];
}

/** Reads a sample or a batch, without what is not to be kept. A bad row of a batch refuses that row; anything else that is wrong throws `Refusal`. */
export function readRows(msg: Message, now: number = Date.now()): Rows {
  try {
    const { samples } = readSamples(msg, now);
    return withoutTransient({ samples, rowOf: [...samples.keys()], refused: [] });
  } catch (error) {
    const isBatch = twinFieldOf(msg)?.batch !== undefined && Array.isArray(msg.payload);
    if (!(error instanceof Refusal) || !isBatch) throw error;
  }
  const rows: Rows = { samples: [], rowOf: [], refused: [] };
  for (const [index, row] of (msg.payload as unknown[]).entries()) {
    try {
      rows.samples.push(...readSamples({ payload: [row], twin: { batch: 1 } }, now).samples);
      rows.rowOf.push(index);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      rows.refused.push({ index, error: { ...error.info, index } });
    }
  }
  return withoutTransient(rows);
}

/** A device may say of a sample that no history should keep it. */
function withoutTransient(rows: Rows): Rows {
  if (!rows.samples.some(({ transient }) => transient)) return rows;
  const kept = rows.samples.flatMap(({ transient }, i) => (transient ? [] : [i]));
  return { ...rows, samples: kept.map((i) => rows.samples[i]!), rowOf: kept.map((i) => rows.rowOf[i]!) };
}
