import { setImmediate as nextTurn } from "node:timers/promises";

/** Ms of work on the main thread before other work gets its turn. */
const sliceMs = 3;

/**
 * Does work in slices, with the turns of others in between.
 *
 * @param step does a little (a millisecond or two), returns whether all is done
 * @param between called after each slice
 */
export async function inSlices(
  step: () => boolean,
  signal: AbortSignal,
  between: () => void = () => {},
): Promise<void> {
  let started = performance.now();
  while (!step()) {
    if (performance.now() - started < sliceMs) continue;
    between();
    await nextTurn();
    signal.throwIfAborted();
    started = performance.now();
  }
}
