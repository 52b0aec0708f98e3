/** One move of an alias: from a version, when it pointed to one, to another. */
export interface AliasMove {
  action: "promote" | "rollback";
  version: number;
  before?: number;
}

/**
 * The version that an alias should go back to: the one that was promoted before the present one, and, from there, before that.
 * A roll-back undoes one promotion, so that two in a row go two back and do not swap the same two. `moves` are oldest first;
 * versions that are not `usable` (retired, gone) are passed over. Undefined when there is none.
 */
export function rollbackTarget(moves: readonly AliasMove[], usable: (version: number) => boolean): number | undefined {
  const stack: number[] = [];
  for (const { action, version, before } of moves) {
    // The record begins later than the alias, or its oldest entries are forgotten.
    if (stack.length === 0 && before !== undefined) stack.push(before);
    if (action === "promote") {
      if (stack.at(-1) !== version) stack.push(version);
      continue;
    }
    while (stack.length > 0 && stack.at(-1) !== version) stack.pop();
    if (stack.length === 0) stack.push(version);
  }
  const present = stack.pop();
  for (let target = stack.pop(); target !== undefined; target = stack.pop())
    if (target !== present && usable(target)) return target;
  return undefined;
}
