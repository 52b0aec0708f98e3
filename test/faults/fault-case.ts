/**
 * One case of `npm run faults`: does something terrible to real processes and says what became of the data. Each file in
 * `cases/` exports one as `faultCase`.
 */
export interface FaultCase {
  /** Its number in docs/reliability.md. */
  number: number;
  title: string;
  /** `short`: seconds, part of `npm test`. `long`: as often and as long as docs/reliability.md says. */
  run(scale: Scale, log: (text: string) => void): Promise<FaultRow[]>;
}

export type Scale = "short" | "long";

/** A line of the table. */
export interface FaultRow {
  /** What was done, such as "Node-RED kill -9, 200 random instants". */
  done: string;
  /** Figures with their units in the name, such as `{ acknowledged: 51200, lost: 0, appliedTwice: 0 }`. */
  figures: Record<string, number | string>;
  /** Whether the promise held. Of a negative control it must be false. */
  held: boolean;
  /** The deliberately broken variant (ack before journal, default configuration, stock flow): must not hold. */
  isControl?: boolean;
  /** What is lost here was never in our hands: measured for the record, beyond the promise. */
  isBeyond?: boolean;
}
