import type { Changes } from "../../engine/contract/document";
import { joinChanges } from "../../engine/twin/join-changes";
import type { TwinEvent } from "../twin-store/store";

/** An event on its way to the output. */
export interface Told extends Omit<TwinEvent, "position"> {
  /** The present state, not a change. */
  replayed?: boolean;
  /** Events that became this one, from 2. */
  merged?: number;
}

/**
 * What waits for a consumer that does not keep up: one event a twin, from the document that was told before to the present one.
 * A twin that was deleted and is there again has two.
 */
export interface Backlog {
  /** Twins that wait. */
  readonly size: number;
  /** False: there is no room for one more twin, and the event was not added. */
  add(event: Told): boolean;
  /** Takes the events of the twin that has waited longest, or of that twin. */
  take(id?: string): Told[];
  has(id: string): boolean;
  /** Forgets all but deletions, which no present state shows, and gives the number of twins that wait still. */
  forgetChanges(): number;
  clear(): void;
}

export function createBacklog(maxTwins: number): Backlog {
  const waiting = new Map<string, Told[]>();

  return {
    get size() {
      return waiting.size;
    },
    add(event) {
      const events = waiting.get(event.id);
      if (!events) {
        if (waiting.size >= maxTwins) return false;
        waiting.set(event.id, [event]);
        return true;
      }
      const last = events.at(-1) as Told;
      if (!last.after) events.push(event);
      else {
        const merged = last.replayed && !event.after ? event : merge(last, event);
        events.pop();
        // Born and deleted in the meantime: nobody has heard of it.
        if (merged.before || merged.after) events.push(merged);
        if (events.length === 0) waiting.delete(event.id);
      }
      return true;
    },
    take(id = waiting.keys().next().value) {
      const events = id === undefined ? undefined : waiting.get(id);
      if (!events) return [];
      waiting.delete(id as string);
      return events;
    },
    has: (id) => waiting.has(id),
    forgetChanges() {
      for (const [id, events] of waiting) {
        const [first] = events as [Told];
        if (first.after) waiting.delete(id);
        else events.length = 1;
      }
      return waiting.size;
    },
    clear: () => waiting.clear(),
  };
}

/** One event in place of two of the same twin. */
function merge(older: Told, newer: Told): Told {
  const { before, reminder, ...event } = newer;
  const count = (older.merged ?? 1) + (newer.merged ?? 1);
  // A present state stays one, of a later instant.
  if (older.replayed || newer.replayed) return { ...event, changed: {}, replayed: true, merged: count };
  const events = [...new Set([...older.events, ...newer.events])];
  const merged: Told = { ...event, events, changed: mergeChanges(older.changed, newer.changed), merged: count };
  if (older.before) merged.before = older.before;
  if (older.clientToken !== undefined) merged.clientToken ??= older.clientToken;
  if (older.reminder !== undefined && reminder !== undefined) merged.reminder = reminder;
  return merged;
}

/** Without what is as it was before both. */
function mergeChanges(older: Changes, newer: Changes): Changes {
  const changes = joinChanges(older, newer);
  for (const name of Object.keys(newer)) {
    const { before, after } = changes[name] as Changes[string];
    if (Object.is(before, after)) delete changes[name];
  }
  return changes;
}
