/**
 * Availability over a window that moves, in constant memory: the window is a ring of 24 slots, each with its time out and the
 * outages that ended in it. An outage lasts from the last sample before it to the first after it.
 *
 * Availability is the share of time up; mean time between outages is the time up for each outage (mean availability, mean operating
 * time between failures: IEC 60050-192:2015). Times are of a clock that nobody sets, ms.
 */
export interface OutageTrack {
  /** First sample of all, and latest one. */
  first: number;
  latest: number;
  /** Number of the newest slot, counted from time 0. */
  slot: number;
  outMs: Float32Array;
  outages: Uint16Array;
}

export interface OutageFigures {
  isOut: boolean;
  /** Since the latest sample. */
  silentMs: number;
  /** Share of the window in which the link was up, 0 to 1. */
  availability: number;
  /** Outages in the window, the present one included. */
  outages: number;
  /** Mean time between outages. Undefined where there was none. */
  betweenMs?: number;
  /** Mean length of an outage. Undefined where there was none. */
  meanOutMs?: number;
}

export interface OutageOptions {
  /** Longer silence is an outage. */
  outageAfterMs: number;
  windowMs: number;
}

const slots = 24;

export const newOutageTrack = (at: number): OutageTrack => ({
  first: at,
  latest: at,
  slot: Number.NaN,
  outMs: new Float32Array(slots),
  outages: new Uint16Array(slots),
});

/** A sample came. Gives true where it ended an outage. */
export function heard(track: OutageTrack, at: number, { outageAfterMs, windowMs }: OutageOptions): boolean {
  const silent = at - track.latest;
  if (silent <= outageAfterMs) {
    if (silent > 0) track.latest = at;
    return false;
  }
  moveTo(track, at, windowMs);
  spread(track, track.latest, at, windowMs);
  const place = track.slot % slots;
  if (track.outages[place]! < 65_535) track.outages[place]!++;
  track.latest = at;
  return true;
}

export function outageFigures(track: OutageTrack, at: number, options: OutageOptions): OutageFigures {
  const { windowMs } = options;
  moveTo(track, at, windowMs);
  const slotMs = windowMs / slots;
  const begin = Math.max(track.first, (track.slot - slots + 1) * slotMs);
  const observed = Math.max(0, at - begin);
  const silentMs = Math.max(0, at - track.latest);
  const isOut = silentMs > options.outageAfterMs;
  let out = isOut ? at - Math.max(begin, track.latest) : 0;
  let outages = isOut ? 1 : 0;
  for (let i = 0; i < slots; i++) {
    out += track.outMs[i]!;
    outages += track.outages[i]!;
  }
  out = Math.min(out, observed);
  const figures: OutageFigures = { isOut, silentMs, availability: observed > 0 ? 1 - out / observed : 1, outages };
  if (outages > 0) {
    figures.betweenMs = (observed - out) / outages;
    figures.meanOutMs = out / outages;
  }
  return figures;
}

/** Makes the slot of that time the newest; what is older than the window is forgotten. */
function moveTo(track: OutageTrack, at: number, windowMs: number): void {
  const slot = Math.floor(at / (windowMs / slots));
  const from = Number.isNaN(track.slot) ? slot - slots : track.slot;
  for (let old = Math.max(from, slot - slots, -1) + 1; old <= slot; old++) {
    track.outMs[old % slots] = 0;
    track.outages[old % slots] = 0;
  }
  if (!(slot < track.slot)) track.slot = slot;
}

/** Puts the time out into the slots that it falls into. */
function spread(track: OutageTrack, from: number, to: number, windowMs: number): void {
  const slotMs = windowMs / slots;
  const oldest = track.slot - slots + 1;
  for (let slot = Math.max(oldest, Math.floor(from / slotMs)); slot <= track.slot; slot++) {
    const part = Math.min(to, (slot + 1) * slotMs) - Math.max(from, slot * slotMs);
    if (part > 0) track.outMs[slot % slots]! += part;
  }
}
