/** Five fields a sample, as a tablet press reports them. */
export const fields = ["main_comp", "ejection", "SREL", "tbl_speed", "tbl_fill"] as const;

/** First time of all samples, ms since 1970-01-01 UTC. */
const begin = Date.UTC(2026, 0, 1);
const base = [6.8, 210, 4.2, 94, 5.1];

export const twinName = (twin: number): string => `press-${twin}`;

/**
 * Sample `i` of the stream that goes round over `twins`, not in the order of their names: neighbours in time are none on disk. Every
 * one of a twin has a time of its own, and every value changes.
 */
export function sampleOf(i: number, twins: number): { twin: number; ts: number; values: Record<string, number> } {
  const twin = twinOf(i, twins);
  const round = Math.floor(i / twins);
  const values: Record<string, number> = {};
  for (const [k, name] of fields.entries()) {
    const wave = Math.sin(i * 0.7 + k) + 0.05 * Math.sin(i * 13.37 * (k + 1));
    values[name] = Math.round(base[k]! * (1 + 0.02 * wave) * 1e4) / 1e4 + (round % 2) * 0.001;
  }
  return { twin, ts: tsOf(i, twins), values };
}

/** None divides a number of twins that is used here (powers of ten). */
const steps = [7919, 6101, 9973, 4483, 8837, 5557, 3607] as const;

/** Every twin once in each round, every round in another order. */
export const twinOf = (i: number, twins: number): number =>
  ((i % twins) * (steps[Math.floor(i / twins) % steps.length] as number)) % twins;

export const tsOf = (i: number, twins: number): number => begin + Math.floor(i / twins) * 100;

/** The message on the wire: one flat object, its time among the values. */
export function payloadOf(i: number, twins: number): string {
  const { ts, values } = sampleOf(i, twins);
  return JSON.stringify({ ts, ...values });
}
