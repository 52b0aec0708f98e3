import { type RefusalInfo, refuse } from "../contract/errors";
import type { Row, Sample } from "../contract/messages";
import { findDuplicates } from "./find-duplicates";
import { outOfOrder, timeText } from "./order-of-time";
import type { RowOptions } from "./row-options";
import type { TwinMemory } from "./twin-memories";

/** Refuses samples of a twin that are older than one before them, in this batch or an earlier message. */
export function dropUnordered(
  samples: readonly Sample[],
  times: readonly number[],
  indexes: readonly number[],
  twin: TwinMemory,
  errors: (RefusalInfo | undefined)[],
): void {
  const good = indexes.filter((i) => errors[i] === undefined);
  for (const { row, latest } of outOfOrder(good, times, twin.latest))
    errors[row] = refuse(
      "out-of-order",
      `This sample of ${samples[row]!.id} is of ${timeText(times[row]!)}, older than the last one, of ${timeText(latest)}.`,
      "Write late samples to history before this node, or have it keep rows as they come.",
    );
  for (const i of good) if (times[i]! > twin.latest) twin.latest = times[i]!;
}

/**
 * Refuses samples of a twin that are the same as another one. Within a batch, `keep` says which of them stays. A sample that is
 * the same as one of an earlier message (of the last 64 that were remembered) is the later one and comes too late to replace it: it is refused,
 * but for `time` with `keep: last`, where it passes on as a correction.
 */
export function dropRepeats(
  samples: readonly Sample[],
  indexes: readonly number[],
  twin: TwinMemory,
  errors: (RefusalInfo | undefined)[],
  { duplicates, keep }: Pick<RowOptions, "duplicates" | "keep">,
  keyOf: (row: Row) => string | undefined,
): void {
  const keys = new Map<number, string>();
  for (const i of indexes) {
    const { ts, values } = samples[i]!;
    const key = duplicates === "time" ? "" : keyOf(values);
    if (errors[i] === undefined && key !== undefined) keys.set(i, `${ts} ${key}`);
  }
  if (keep === "last" && keys.size > 1)
    for (const i of findDuplicates(indexes, (row) => keys.get(row), keep)) {
      errors[i] = repeated(samples[i]!, duplicates, "another one of its batch goes on.");
      keys.delete(i);
    }
  if (duplicates === "time" && keep === "last") return;
  for (const [i, key] of keys)
    if (twin.seen(key)) errors[i] = repeated(samples[i]!, duplicates, "the first one went on.");
}

const repeated = ({ id, ts }: Sample, duplicates: RowOptions["duplicates"], instead: string): RefusalInfo =>
  duplicates === "time"
    ? refuse("duplicate", `A sample of ${id} at ${ts} came already.`, `Of the samples of one time, ${instead}`)
    : refuse("duplicate", `This sample of ${id} at ${ts} came already.`, `Nothing is lost: ${instead}`);
