/**
 * When a group of writes is committed. A commit costs by the pages that it touches, hardly by the rows in them: under load
 * fewer and larger ones cost a fraction. At rest the next turn of the event loop is early enough.
 */
export interface CommitPace {
  /** Has `run` called once, when the time has come; `soon` in the next turn. */
  schedule(run: () => void, soon?: boolean): void;
  /** What the commit took that `run` only set going, ms. */
  took(ms: number): void;
  /** Drops what was scheduled. */
  cancel(): void;
}

/** Between two commits passes as many times what the last one took. */
const restFactor = 8;

/** @param maxMs longest wait between two commits */
export function createCommitPace(maxMs: number): CommitPace {
  let due: NodeJS.Timeout | undefined;
  let atOnce: NodeJS.Immediate | undefined;
  let freeAt = 0;

  function cancel(): void {
    clearTimeout(due);
    clearImmediate(atOnce);
    due = undefined;
    atOnce = undefined;
  }

  function took(ms: number): void {
    freeAt = performance.now() + Math.min(maxMs, restFactor * ms);
  }

  return {
    cancel,
    took,
    schedule(run, soon = false) {
      if (atOnce || (due && !soon)) return;
      const go = (): void => {
        cancel();
        const begun = performance.now();
        run();
        took(performance.now() - begun);
      };
      const waitMs = freeAt - performance.now();
      if (soon || waitMs < 1) {
        clearTimeout(due);
        atOnce = setImmediate(go);
      } else due = setTimeout(go, waitMs);
    },
  };
}
