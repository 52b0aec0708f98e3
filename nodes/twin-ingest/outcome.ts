import type { RefusalInfo } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";
import type { Reading } from "../../engine/ingest/read-payload";

/** What became of the samples of one payload. */
export interface Outcome {
  accepted: number;
  refused: number;
  /** Of refused rows. */
  errors: RefusalInfo[];
  /** Why it was refused as a whole. */
  error?: RefusalInfo;
}

export function outcomeOf(reading: Reading): Outcome {
  if (reading.kind === "sample") return { accepted: 1, refused: 0, errors: [] };
  if (reading.kind === "refused") return { accepted: 0, refused: 1, errors: [], error: reading.error };
  return { accepted: reading.samples.length, refused: reading.errors.length, errors: reading.errors };
}

export function samplesOf(reading: Reading): readonly Sample[] {
  if (reading.kind === "refused") return [];
  return reading.kind === "sample" ? [reading.sample] : reading.samples;
}
