import type { Changes } from "../contract/document";

/** Two changes in a row as one: from what was before the first to what is after the second. */
export function joinChanges(first: Changes, second: Changes): Changes {
  const changes: Changes = { ...first };
  for (const [name, { before, after }] of Object.entries(second))
    changes[name] = { before: Object.hasOwn(first, name) ? first[name]?.before : before, after };
  return changes;
}
