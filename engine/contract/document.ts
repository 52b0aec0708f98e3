import type { Quality, Scalar } from "./messages";

export type TwinStatus = "live" | "stale" | "offline";

export interface PropertyMeta {
  /** When the value was true at the device, ms since 1970-01-01 UTC. */
  ts: number;
  quality: Quality;
  seq?: number;
  /** Where the latest reading was none (`null`): of the value that stands. */
  held?: PropertyMeta;
  /** What the device's clock said, where it ran ahead beyond the skew limit: `ts` is the arrival then. */
  deviceTs?: number;
  /** The value that was announced last, where the present one is within the model's tolerance of it. */
  announced?: Scalar;
}

/** How far the latest desired change has come. `version` is the `rev` at which it was set. */
export interface Acknowledgement {
  version: number;
  /**
   * 202: the device has not met it yet. 200: met. 409: the device reported a newer value of its own. 504: not met in time (and
   * still tried). Any other from 400 on: the device refused it, in its own words.
   */
  code: number;
  text: string;
}

/** Who wanted the latest desired change, and why. */
export interface DesiredBy {
  /** Ms since 1970-01-01 UTC. */
  at: number;
  user?: string;
  role?: string;
  reason?: string;
  /** Id of the twin-command through which it was desired, and of its command. */
  via?: string;
  command?: string;
}

/** How what is desired is brought before the device until it is met. Times in ms. */
export interface LoopTiming {
  /** First reminder; each wait after it is twice as long, up to `retryMaxMs`. */
  retryMs: number;
  retryMaxMs: number;
  /** When to call it late. 0: never. */
  timeoutMs: number;
}

export interface DesiredLoop extends LoopTiming {
  /** Since when reminders count, ms since 1970-01-01 UTC. Absent: met, or refused by the device. */
  since?: number;
  /** When it is late; absent when it is that already. */
  until?: number;
}

/** The twin document: what is known of one twin now, and what is wanted of it. */
export interface TwinDocument {
  id: string;
  model: string | null;
  /** Time of the sample that named the model, ms since 1970-01-01 UTC: an older one does not change it. */
  modelTs?: number;
  /** The version of the model that the document is in, where a node with that model has written it. Absent: 1. */
  modelVersion?: number;
  /** Rises by one per effective change. */
  rev: number;
  reported: Record<string, Scalar>;
  desired: Record<string, Scalar>;
  /** The desired values that the device does not report (yet). */
  delta: Record<string, Scalar>;
  meta: Record<string, PropertyMeta>;
  ack: Acknowledgement | null;
  /** Absent where nothing was ever desired. */
  desiredBy?: DesiredBy;
  /** By property, the id of the twin-command that brings the desired value to the device. */
  desiredVia?: Record<string, string>;
  loop?: DesiredLoop;
  status: TwinStatus;
  /** Since when, by our clock, ms since 1970-01-01 UTC. */
  statusAt?: number;
  /** When the document last changed, ms since 1970-01-01 UTC. */
  updatedAt: number;
}

/** What changed, by property. A property of `desired` stands as `desired.<name>`. */
export type Changes = Record<string, { before: Scalar | undefined; after: Scalar | undefined }>;
