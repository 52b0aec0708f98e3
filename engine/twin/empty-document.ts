import type { TwinDocument } from "../contract/document";

/** The document of a twin of which nothing is known yet. */
export const emptyDocument = (id: string, now: number): TwinDocument => ({
  id,
  model: null,
  rev: 0,
  reported: {},
  desired: {},
  delta: {},
  meta: {},
  ack: null,
  status: "live",
  updatedAt: now,
});

/** The same of a twin that was never heard of. */
export const offlineDocument = (id: string, now: number): TwinDocument => ({
  ...emptyDocument(id, now),
  status: "offline",
});
