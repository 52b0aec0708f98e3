/** Tells whether it is time to say something again, at most once in that time: what happens all the time would fill the log. */
export function createSeldom(pauseMs = 60_000): () => boolean {
  let saidAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (now - saidAt < pauseMs) return false;
    saidAt = now;
    return true;
  };
}
