import type { RefusalInfo } from "../contract/errors";
import type { Row } from "../contract/messages";
import type { Touch } from "./cleaning-report";

/** What was done cell by cell, for whoever wants more than the counts of the report. Places are those in `items`. */
export interface CleaningTrace<T> {
  /** Samples, or rows of a table, as they came. */
  items: readonly T[];
  /** Copies of those whose values the rules changed. */
  outs: readonly (Row | undefined)[];
  /** Why one was dropped. */
  errors: readonly (RefusalInfo | undefined)[];
  touches: readonly Touch[];
}
