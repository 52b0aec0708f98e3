import type { SegmentLog } from "../lib/segment-log";
import { decodeRecord, type Entry, follow, idOf, isBefore, isSamePlace, type Place } from "./twin-records";
import type { TwinRows } from "./twin-rows";

/** A log full of damage would fill the other log as well. */
const toldOneByOne = 10;

/** A twin while its records are read. */
interface Replayed {
  /** How far its row follows the log: most records need not be looked at. */
  folded: Place | undefined;
  /** Read when it is needed. */
  isRead: boolean;
  entry: Entry | undefined;
  /** What it was before the latest group that it is in. */
  previous: Entry | undefined;
  group: number;
  /** Whether it is another than its row has it. */
  isChanged: boolean;
  /** Records at its end that do not follow on what is there. */
  lost: number;
}

const unread: Replayed = {
  folded: undefined,
  isRead: false,
  entry: undefined,
  previous: undefined,
  group: 0,
  isChanged: false,
  lost: 0,
};

/**
 * What the log knows beyond the rows, by twin. A record that is in the row already is passed over; one that follows on a record which
 * is not there (damage) is left out, and told: a twin is never put together from pieces that do not fit.
 */
export function replayTwins(log: SegmentLog, rows: TwinRows, warn: (text: string) => void): Map<string, Entry> {
  const twins = new Map<string, Replayed>();

  function take(line: string, at: Place, first: number, time: number): void {
    const id = idOf(line);
    let twin = twins.get(id);
    if (!twin) {
      twin = { ...unread, folded: rows.trail(id)?.last };
      twins.set(id, twin);
    }
    if (twin.folded && !isBefore(twin.folded, at)) return;
    if (!twin.isRead) Object.assign(twin, { entry: rows.read(id), isRead: true });
    const record = decodeRecord(line, at.group, time);
    const isNewGroup = twin.group !== first;
    // The group before was written, but not flushed, and its updates were refused: this one does not build on them.
    const { previous } = twin;
    if (isNewGroup && record.before && previous?.trail && isSamePlace(record.before, previous.trail.last))
      twin.entry = previous;
    if (isNewGroup) twin.previous = twin.entry;
    twin.group = first;
    const next = follow(twin.entry, record, at);
    if (!next) {
      twin.lost++;
      return;
    }
    Object.assign(twin, { entry: next, isChanged: true, lost: 0 });
  }

  for (const group of groupsOf(log))
    for (const { number, lines } of group.parts)
      for (const [line, text] of lines.entries()) take(text, { group: number, line }, group.first, group.time);

  const damaged = [...twins].filter(([, { lost }]) => lost > 0);
  for (const [id, { lost }] of damaged.slice(0, toldOneByOne))
    warn(`The latest ${lost} changes of twin ${id} are lost: what they follow on is damaged or missing.`);
  if (damaged.length > toldOneByOne)
    warn(`The latest changes of ${damaged.length - toldOneByOne} more twins are lost, too.`);
  const changed = new Map<string, Entry>();
  for (const [id, { entry, isChanged }] of twins)
    if (entry && isChanged && (entry.document || entry.isStored)) changed.set(id, entry);
  return changed;
}

interface Group {
  first: number;
  time: number;
  parts: { number: number; lines: string[] }[];
}

/** Whole groups only: of one that was cut off nothing was acknowledged. */
function* groupsOf(log: SegmentLog): Generator<Group> {
  let group: Group | undefined;
  for (const { number, payload } of log.pending()) {
    const { time, index, count, lines } = readPart(payload);
    if (index === 0) group = { first: number, time, parts: [] };
    if (!group || number !== group.first + index || index !== group.parts.length) continue;
    group.parts.push({ number, lines });
    if (group.parts.length === count) yield group;
  }
}

/** A record of the log: when its group began, which of how many records of it this is, and its lines. */
export function readPart(payload: Buffer): { time: number; index: number; count: number; lines: string[] } {
  const [head = "", ...lines] = payload.toString().split("\n");
  const [time, index, count] = JSON.parse(head) as [number, number, number];
  return { time, index, count, lines };
}
