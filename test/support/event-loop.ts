/** The longest time that the event loop was held up while `work` went on, ms. */
export async function worstDelay(work: () => Promise<unknown>): Promise<number> {
  let worst = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - 1);
    last = now;
  }, 1);
  try {
    await work();
    await new Promise((resolve) => setTimeout(resolve, 5));
  } finally {
    clearInterval(timer);
  }
  return worst;
}

/** How many turns the event loop made while `work` went on: other work on the machine changes milliseconds, not their number. */
export async function turnsDuring<T>(work: () => T | Promise<T>): Promise<[turns: number, result: T]> {
  let turns = 0;
  let counting = true;
  const count = (): void => {
    if (!counting) return;
    turns++;
    setImmediate(count);
  };
  setImmediate(count);
  const result = await work();
  counting = false;
  return [turns, result];
}
