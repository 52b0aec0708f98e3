import type { TwinDocument } from "../../engine/contract/document";
import type { HistoryRow } from "./history";
import { readingOf, seqOf, twinOf } from "./sample";

export interface Evidence {
  /** Numbers of the samples that were acknowledged. */
  acknowledged: readonly number[];
  rows: readonly HistoryRow[];
  /** Numbers of the samples that were refused with a reason. */
  refused: readonly number[];
  /** Twin documents as the flow gives them. */
  twins: readonly TwinDocument[];
  /** Changes of twins, as they were recorded: id and the number of the sample. */
  changes: readonly (readonly [string, number])[];
  /** The samples bring no time of their own: what arrived last is the newest. */
  byArrival?: boolean;
  /** The samples bring no `seq`. */
  withoutSeq?: boolean;
}

export interface Verdict {
  acknowledged: number;
  inHistory: number;
  refused: number;
  /** Acknowledged, and neither in the history nor in the refused list. */
  lost: number;
  /** Rows of the history, changes and revisions of twins beyond one for each sample. */
  appliedTwice: number;
  /** Rows that do not hold what was sent. */
  damaged: number;
  /** Twins whose state is not that of their newest sample in the history. */
  wrongTwins: number;
}

/** Compares what was promised with what is there. */
export function check(evidence: Evidence): Verdict {
  const { acknowledged, rows, refused, twins, changes, byArrival = false, withoutSeq = false } = evidence;
  const kept = new Set<number>();
  const newest = new Map<string, { n: number; rank: number }>();
  const samplesOf = new Map<string, number>();
  let appliedTwice = 0;
  let damaged = 0;
  for (const { id, ts, n, value } of rows) {
    if (id !== twinOf(n) || value !== readingOf(n)) {
      damaged++;
      continue;
    }
    if (kept.has(n)) appliedTwice++;
    else samplesOf.set(id, (samplesOf.get(id) ?? 0) + 1);
    kept.add(n);
    const rank = byArrival ? ts : n;
    if (rank > (newest.get(id)?.rank ?? -1)) newest.set(id, { n, rank });
  }
  const set = new Set(refused);
  const lost = acknowledged.filter((n) => !kept.has(n) && !set.has(n)).length;

  // Every sample changes its twin once at most: applied again after a later one, it would change it back.
  const told = new Set<string>();
  for (const [id, n] of changes) {
    const change = `${id} ${n}`;
    if (told.has(change)) appliedTwice++;
    told.add(change);
  }
  const documents = new Map(twins.map((twin) => [twin.id, twin]));
  for (const { id, rev } of twins) appliedTwice += Math.max(0, rev - (samplesOf.get(id) ?? 0) - refusedOf(set, id));
  let wrongTwins = 0;
  for (const [id, { n }] of newest) if (!isAt(documents.get(id), n, withoutSeq ? undefined : seqOf(n))) wrongTwins++;
  return {
    acknowledged: acknowledged.length,
    inHistory: kept.size,
    refused: set.size,
    lost,
    appliedTwice,
    damaged,
    wrongTwins,
  };
}

/** A sample that the history refused has changed its twin before. */
function refusedOf(refused: Set<number>, id: string): number {
  let count = 0;
  for (const n of refused) if (twinOf(n) === id) count++;
  return count;
}

function isAt(twin: TwinDocument | undefined, n: number, seq: number | undefined): boolean {
  return twin?.reported.n === n && twin.reported.value === readingOf(n) && twin.meta.n?.seq === seq;
}

/** Whether everything that was acknowledged is there, once, and as it was sent. */
export const isWhole = ({ acknowledged, lost, appliedTwice, damaged, wrongTwins }: Verdict): boolean =>
  acknowledged > 0 && lost === 0 && appliedTwice === 0 && damaged === 0 && wrongTwins === 0;
