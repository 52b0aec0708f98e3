/** A signal that also ends after some seconds, with a reason made then. `clear` when the work is done. */
export function withDeadline(
  outer: AbortSignal,
  seconds: number,
  late: () => Error,
): { signal: AbortSignal; clear(): void } {
  if (seconds === 0) return { signal: outer, clear: () => {} };
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(late()), seconds * 1000);
  return { signal: AbortSignal.any([outer, controller.signal]), clear: () => clearTimeout(timer) };
}
