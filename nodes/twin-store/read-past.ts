import type { Moment } from "../../engine/twin/moment";
import type { TwinPast } from "./store";
import type { PastReader } from "./twin-past";
import { decodeRecord, type Entry, follow, type Place, type TwinRecord } from "./twin-records";

/** How long records are read before others have a turn. */
const turnMs = 5;

/**
 * The document of a twin as it was: back from one whole document to the one before until the moment is passed, then forward by the
 * records in between.
 *
 * @param present the twin as it is, with its latest record in the log
 */
export async function readPast(present: Entry, moment: Moment, log: PastReader): Promise<TwinPast> {
  const { document, trail } = present;
  if (!document) return {};
  const now = { rev: document.rev, time: document.updatedAt };
  /** Where the log does not tell: what is there may do. */
  const unread = (): TwinPast => (isLater(now, moment) ? { oldest: now } : isOf(now.rev, moment) ? { document } : {});
  if (!trail) return unread();
  const turn = createTurn();

  async function read(place: Place | undefined): Promise<TwinRecord | undefined> {
    if (!place) return undefined;
    const group = await log.group(place.group);
    const line = group?.lines[place.line];
    await turn();
    return group && line !== undefined ? decodeRecord(line, place.group, group.time) : undefined;
  }

  /** The whole document that is not later than the moment, and the record that everything after it ends with. */
  let [start, end]: [Place | undefined, Place] = [trail.whole, trail.last];
  let oldest: { rev: number; time: number } | undefined;
  for (;;) {
    const record = await read(start);
    // Not kept any more, or damaged.
    if (!start || record?.change.kind !== "whole") return oldest ? { oldest } : unread();
    const reached = { rev: record.change.document.rev, time: record.time };
    if (!isLater(reached, moment)) break;
    oldest = reached;
    if (!record.before) return { oldest };
    end = record.before;
    start = record.change.wholeBefore;
  }

  const records: [TwinRecord, Place][] = [];
  for (let place: Place | undefined = end; place; ) {
    const record = await read(place);
    if (!record) return oldest ? { oldest } : unread();
    records.push([record, place]);
    place = record.change.kind === "whole" ? undefined : record.before;
  }
  let entry: Entry | undefined;
  let found: Entry | undefined;
  for (const [record, place] of records.reverse()) {
    entry = follow(entry, record, place);
    if (!entry?.document) break;
    if (isLater({ rev: entry.document.rev, time: record.time }, moment)) break;
    found = entry;
  }
  return found?.document && isOf(found.document.rev, moment) ? { document: found.document } : {};
}

const isLater = (one: { rev: number; time: number }, moment: Moment): boolean =>
  "rev" in moment ? one.rev > moment.rev : one.time > moment.time;

const isOf = (rev: number, moment: Moment): boolean => !("rev" in moment) || rev === moment.rev;

/** Resolves at once, and now and then in the next turn of the event loop. */
function createTurn(): () => Promise<void> | undefined {
  let begun = performance.now();
  return () => {
    if (performance.now() - begun < turnMs) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        begun = performance.now();
        resolve();
      });
    });
  };
}
