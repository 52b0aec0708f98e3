import { setImmediate as nextTurn } from "node:timers/promises";

/** Ms of work on the main thread before other work gets its turns. */
const sliceMs = 3;
/** A message crosses a wire a turn: so many nodes further it is when the next slice comes. Empty turns take 10 us each. */
const turns = 10;

/**
 * Does work in slices, with turns of others before each, the first too: what led to it may have taken a while.
 *
 * @param step does a little (a millisecond or two), returns whether all is done
 * @param between called after each slice
 */
export async function inSlices(
  step: () => boolean,
  signal: AbortSignal,
  between: () => void = () => {},
): Promise<void> {
  for (;;) {
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    signal.throwIfAborted();
    const started = performance.now();
    do if (step()) return;
    while (performance.now() - started < sliceMs);
    between();
  }
}
