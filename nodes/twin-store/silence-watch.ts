import { crc32 } from "node:zlib";

/** Tells which twins were not heard of for too long. */
export interface SilenceWatch {
  /** The twin was heard of: it has that long until the next time. */
  heard(id: string, patienceMs: number): void;
  /** It was live when the store was last open, and may report again at any time. */
  restored(id: string, patienceMs: number): void;
  forget(id: string): void;
  close(): void;
}

const sweepMs = 1000;
/** Told in one sweep: where a broker is gone, all twins fall silent at once. The others follow a second later each. */
const mostAtOnce = 5000;

/**
 * Looks every second. Only time in which this process could listen counts, by a clock that nobody sets: neither a jump of the
 * wall clock nor a blocked event loop, a suspended machine or a restart makes a twin silent.
 *
 * @param silent called once for each twin; hearing of it again begins anew
 * @param clock ms, never going back @default performance.now
 */
export function createSilenceWatch(silent: (id: string) => void, clock = () => performance.now()): SilenceWatch {
  const deadlines = new Map<string, number>();
  let listened = 0;
  let last = clock();

  function time(): number {
    return listened + Math.min(clock() - last, 2 * sweepMs);
  }

  function sweep(): void {
    listened = time();
    last = clock();
    let told = 0;
    for (const [id, deadline] of deadlines) {
      if (deadline > listened) continue;
      if (told++ === mostAtOnce) return;
      deadlines.delete(id);
      silent(id);
    }
  }
  const timer = setInterval(sweep, sweepMs).unref();

  return {
    heard: (id, patienceMs) => void deadlines.set(id, time() + patienceMs),
    // Its full time again, and up to half of it more: those that are gone are not told of all at once.
    restored: (id, patienceMs) => void deadlines.set(id, time() + patienceMs * (1 + crc32(id) / 2 ** 33)),
    forget: (id) => void deadlines.delete(id),
    close: () => clearInterval(timer),
  };
}
