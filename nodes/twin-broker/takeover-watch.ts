/** Closed so soon after it was opened, a connection was probably ended on purpose. */
const shortMs = 20_000;
const limit = 4;

export interface TakeoverWatch {
  /**
   * Tells how a connection ended: how long it had been up (undefined: it never was), and whether the broker said "session
   * taken over" (MQTT 5). Returns whether somebody else uses our client id, as far as one can know.
   */
  closed(upMs: number | undefined, saidSo: boolean): boolean;
  /** Whether the next end should have a witness: a connection of another id, which a taken over session leaves alone. */
  isSuspicious(): boolean;
  /** The broker ended the witness as well: it is restarting, nobody uses our id. */
  brokerEnded(): void;
}

/**
 * Two clients with one id throw each other out for ever. MQTT 5 says so; MQTT 3.1.1 just closes, so there the pattern
 * must tell: the broker takes every connection at once and ends it soon after. A broker that is down or restarting
 * refuses connections in between, or ends a witness as well, which starts the count afresh.
 */
export function createTakeoverWatch(): TakeoverWatch {
  let streak = 0;
  return {
    closed(upMs, saidSo) {
      if (upMs === undefined || (upMs >= shortMs && !saidSo)) streak = 0;
      else streak += saidSo ? limit / 2 : 1;
      return streak >= limit;
    },
    isSuspicious: () => streak >= limit / 2,
    brokerEnded() {
      streak = 0;
    },
  };
}
