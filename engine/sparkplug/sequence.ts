/** Watches the `seq` of an edge node, which goes from 0 to 255 and round (Sparkplug 3.0.0, 6.4.4 and 6.4.19). */
export interface Sequence {
  /** A birth: counting begins anew. */
  begin(seq: number): void;
  took(seq: number, now: number): void;
  /** Since when numbers have been missing that may still come; undefined: none are. */
  gapSince(): number | undefined;
  /** Gives missing numbers up. Returns how many. */
  giveUp(): number;
}

export function createSequence(): Sequence {
  let last: number | undefined;
  let since: number | undefined;
  const missing = new Set<number>();

  return {
    begin(seq) {
      last = seq;
      since = undefined;
      missing.clear();
    },
    took(seq, now) {
      if (last === undefined) {
        last = seq;
        return;
      }
      const ahead = (seq - last + 256) % 256;
      if (ahead === 0 || ahead >= 128) {
        // Late, or a repeat.
        missing.delete(seq);
        if (missing.size === 0) since = undefined;
        return;
      }
      for (let k = 1; k < ahead; k++) missing.add((last + k) % 256);
      if (ahead > 1) since ??= now;
      last = seq;
    },
    gapSince: () => since,
    giveUp() {
      const lost = missing.size;
      missing.clear();
      since = undefined;
      return lost;
    },
  };
}
