import type { Reading } from "../../engine/ingest/read-payload";

/** Where a message came in: the twin-ingest that read it. */
export interface ArrivalSource {
  id: string;
  /** Its id in the subflow's template, where it stands in a subflow. */
  template?: string;
  name: string;
}

/** One message as it was read, before anything was left out, kept or handed on. Nothing of it may be kept or changed. */
export interface ArrivedMessage {
  source: ArrivalSource;
  reading: Reading;
  /** Of its payload; 0 where it did not come as bytes or text. */
  bytes: number;
  /** Ms since 1970-01-01 UTC. */
  now: number;
  /** Every sample of it has a time of its own, not that of its arrival. */
  isTimed: boolean;
}

type Listener = (message: ArrivedMessage) => void;

const listeners = new Set<Listener>();

/** Hears of every message that any twin-ingest of the process reads, at once. It must be fast. Returns the way to stop. */
export function watchArrivals(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Costs nothing while nobody listens. */
export const areArrivalsWatched = (): boolean => listeners.size > 0;

export function tellArrival(message: ArrivedMessage): void {
  for (const listener of listeners) listener(message);
}
