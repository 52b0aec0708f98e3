import type { Sample } from "../contract/messages";
import { createRecentMap } from "../contract/recent-map";

export interface SequenceCounts {
  /** Numbers that were left out, and have not come later. */
  missing: number;
  /** Samples that came again. */
  repeated: number;
  /** Times that a producer began anew. */
  restarts: number;
}

/** Follows the producers' own sequence numbers (`seq`): what is missing, and what came again. */
export interface SequenceWatch {
  /** Counts a sample that was taken in. */
  took(sample: Sample): void;
  /** Whether a sample of that twin with that `seq` and those values is among the last 64 that were taken in, and counts it. */
  isRepeat(sample: Sample): boolean;
  readonly counts: SequenceCounts;
}

/** Twins remembered at least; those heard of least recently are forgotten first. */
const maxTwins = 10_000;
/** Numbers remembered per twin. One that is further back than that is a producer that began anew. */
const windowSize = 64;
/** A jump that is longer is no gap. */
const maxGap = 1_000_000;

interface Track {
  latest: number;
  missing: number;
  /** Fingerprints by number, oldest first. */
  window: Map<number, number>;
}

export function createSequenceWatch(): SequenceWatch {
  const tracks = createRecentMap<string, Track>(maxTwins);
  const counts: SequenceCounts = { missing: 0, repeated: 0, restarts: 0 };

  function miss(track: Track, by: number): void {
    track.missing += by;
    counts.missing += by;
  }

  function follow(track: Track, seq: number): void {
    const step = seq - track.latest;
    if (step > 0) {
      if (step <= maxGap) miss(track, step - 1);
      else counts.restarts++;
      track.latest = seq;
    } else if (step < -windowSize) {
      counts.restarts++;
      track.latest = seq;
      track.missing = 0;
      track.window.clear();
    } else if (step < 0 && track.missing > 0 && !track.window.has(seq)) miss(track, -1);
  }

  return {
    counts,
    took({ id, seq, values }) {
      if (seq === undefined) return;
      const track = tracks.get(id) ?? { latest: seq, missing: 0, window: new Map() };
      tracks.set(id, track);
      follow(track, seq);
      track.window.set(seq, fingerprint(values));
      if (track.window.size > windowSize) track.window.delete(track.window.keys().next().value as number);
    },
    isRepeat({ id, seq, values }) {
      const known = seq === undefined ? undefined : tracks.get(id)?.window.get(seq);
      if (known === undefined || known !== fingerprint(values)) return false;
      counts.repeated++;
      return true;
    },
  };
}

/** FNV-1a (Fowler, Noll, Vo; RFC 9923), 32 bits, of the values as JSON. */
function fingerprint(values: Sample["values"]): number {
  const text = JSON.stringify(values);
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
