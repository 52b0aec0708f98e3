const runLength = 2000;

/** Sorts in steps of about a millisecond each: sorting 100,000 ids at once would hold up the event loop for 60 ms. */
export function* sortInSteps(texts: readonly string[]): Generator<undefined, string[]> {
  let runs: string[][] = [];
  for (let at = 0; at < texts.length; at += runLength) {
    runs.push(texts.slice(at, at + runLength).sort());
    yield;
  }
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge(left: readonly string[], right: readonly string[]): Generator<undefined, string[]> {
  const merged: string[] = [];
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    const [a, b] = [left[l], right[r]];
    if (b === undefined || (a !== undefined && a < b)) {
      merged.push(a as string);
      l++;
    } else {
      merged.push(b);
      r++;
    }
    if (merged.length % runLength === 0) yield;
  }
  return merged;
}
