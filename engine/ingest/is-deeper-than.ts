/** Whether objects and arrays lie more than `levels` inside each other. Does not recurse: depth is what it is afraid of. */
export function isDeeperThan(levels: number, value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > levels) return true;
    const next: unknown[] = [];
    for (const one of level)
      if (typeof one === "object" && one !== null && !ArrayBuffer.isView(one))
        for (const inner of Object.values(one)) if (typeof inner === "object" && inner !== null) next.push(inner);
    level = next;
  }
  return false;
}
