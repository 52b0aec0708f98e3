import type { TwinDocument } from "../../engine/contract/document";
import { applyPatch, type DocumentPatch, diffDocuments, replaceIn } from "../../engine/twin/document-patch";

/** Where a record stands: the number of its group in the segment log, and its line there. */
export interface Place {
  group: number;
  line: number;
}

/** How the records of one twin hang together. */
export interface Trail {
  /** Its latest record: the next one names it, so that a missing one is noticed. An object of this trail alone. */
  last: Place;
  /** Its latest record that holds a whole document: from there the past is read. */
  whole: Place;
  /** Length of that one, and of what has come since. */
  wholeLength: number;
  sinceLength: number;
}

/** What the store knows of one twin. */
export interface Entry {
  /** Absent: it was deleted. */
  document: TwinDocument | undefined;
  /** Seconds without a report after which it is stale. 0: never. */
  staleAfter: number;
  /** Absent: no record of it was ever written, only a row. */
  trail: Trail | undefined;
  /** Length of the document as text, roughly: what it takes in memory. */
  length: number;
  /** Whether there is a row of it. */
  isStored: boolean;
  /** Whether it waits to be folded. */
  isWaiting: boolean;
  /** Whether others have its document, or parts of it: those never change again. */
  isLent: boolean;
}

const entryOf = (
  document: TwinDocument | undefined,
  staleAfter: number,
  trail: Trail | undefined,
  length: number,
  isStored: boolean,
): Entry => ({ document, staleAfter, trail, length, isStored, isWaiting: false, isLent: false });

/** What takes back a change that was made in an entry itself. */
export interface Undo {
  entry: Entry;
  patch: DocumentPatch;
  last: Place;
  sinceLength: number;
}

/** A line of a group, read back. */
export interface TwinRecord {
  id: string;
  /** When it was stored, ms since 1970-01-01 UTC. */
  time: number;
  /** The twin's record before; absent: its first one. */
  before?: Place;
  change:
    | { kind: "whole"; document: TwinDocument; staleAfter: number; wholeBefore?: Place; length: number }
    | { kind: "patch"; patch: DocumentPatch; staleAfter?: number; length: number }
    | { kind: "deleted" };
}

/** Once patches are as long as that many whole documents, and this long, a whole one is written: the past is read from there. */
const patchesPerWhole = 8;
const minPatchLength = 16_384;
/** What a property takes in a document beside its name and its value, about. */
const metaLength = 48;

/**
 * Writes down what became of a twin: a short list in JSON. Places count groups backwards from the record's own, so that they stay short.
 *
 * @param at its own place
 * @param delayMs since the time of its group
 * @param after `patch`: what makes its document of the one before, where that is known
 * @param oldest number of the oldest group that can be read
 */
export function encodeRecord(
  id: string,
  at: Place,
  delayMs: number,
  before: Entry | undefined,
  after: { document: TwinDocument | undefined; staleAfter: number; patch?: DocumentPatch | undefined },
  oldest: number,
): { text: string; entry: Entry } {
  const { document, staleAfter } = after;
  const isStored = before?.isStored ?? false;
  const trail = before?.document ? before.trail : undefined;
  const head = [id, delayMs, ...(trail ? [at.group - trail.last.group, trail.last.line] : [-1, 0])];
  if (!document) return { text: JSON.stringify(head), entry: entryOf(document, 0, undefined, 0, isStored) };
  if (trail && before?.document && trail.whole.group >= oldest) {
    const patch = after.patch ?? diffDocuments(before.document, document);
    const text = JSON.stringify(staleAfter === before.staleAfter ? [...head, patch] : [...head, patch, staleAfter]);
    const sinceLength = trail.sinceLength + text.length;
    if (sinceLength <= mostSince(trail)) {
      const next = { last: { ...at }, whole: trail.whole, wholeLength: trail.wholeLength, sinceLength };
      const length = lengthAfter(before, patch, text.length);
      return { text, entry: entryOf(document, staleAfter, next, length, isStored) };
    }
  }
  const wholeBefore = trail ? [at.group - trail.whole.group, trail.whole.line] : [-1, 0];
  const text = JSON.stringify([...head, ...wholeBefore, staleAfter, document]);
  const { length } = text;
  const next = { last: { ...at }, whole: at, wholeLength: length, sinceLength: 0 };
  return { text, entry: entryOf(document, staleAfter, next, length, isStored) };
}

const mostSince = ({ wholeLength }: Trail): number => Math.max(minPatchLength, patchesPerWhole * wholeLength);

/**
 * Writes down a patch that only replaces values, and makes it in the entry itself: what lives long stays where it is. Undefined where
 * that cannot be, and {@link encodeRecord} is due: nothing was done then.
 */
export function replaceInEntry(
  id: string,
  at: Place,
  delayMs: number,
  entry: Entry,
  patch: DocumentPatch,
  oldest: number,
): { text: string; undo: Undo } | undefined {
  const { document, trail } = entry;
  if (!document || !trail || trail.whole.group < oldest) return undefined;
  const { last, sinceLength } = trail;
  const text = `[${JSON.stringify(id)},${delayMs},${at.group - last.group},${last.line},${JSON.stringify(patch)}]`;
  if (sinceLength + text.length > mostSince(trail) || text.length > entry.length) return undefined;
  if (entry.isLent) entry.document = ownCopy(document);
  entry.isLent = false;
  const undo = { entry, patch: replaceIn(entry.document as TwinDocument, patch), last: { ...last }, sinceLength };
  last.group = at.group;
  last.line = at.line;
  trail.sinceLength += text.length;
  return { text, undo };
}

export function takeBack({ entry, patch, last, sinceLength }: Undo): void {
  const { document, trail } = entry;
  if (!document || !trail) return;
  // Somebody may have read it meanwhile.
  if (entry.isLent) entry.document = ownCopy(document);
  entry.isLent = false;
  replaceIn(entry.document as TwinDocument, patch);
  Object.assign(trail, { last, sinceLength });
}

/** The entry as it was before these changes, the latest first; itself where they are none of its own. */
export function entryBefore(entry: Entry, undos: readonly Undo[]): Entry {
  const own = undos.filter((undo) => undo.entry === entry);
  if (own.length === 0 || !entry.document) return entry;
  const before = { ...entry, isLent: true, trail: entry.trail && { ...entry.trail } };
  for (const undo of own) takeBack({ ...undo, entry: before });
  return before;
}

/** As far as patches change it in place: time and quality of a property are one value. */
const ownCopy = (document: TwinDocument): TwinDocument => ({
  ...document,
  reported: { ...document.reported },
  meta: { ...document.meta },
});

/** Whose record it is, without reading all of it. */
export function idOf(line: string): string {
  const end = line.indexOf('",');
  const id = line.slice(2, end);
  return end > 0 && !id.includes("\\") ? id : (JSON.parse(line) as [string])[0];
}

export function decodeRecord(line: string, group: number, groupTime: number): TwinRecord {
  const list = JSON.parse(line) as unknown[];
  const [id, delayMs, back, beforeLine, ...rest] = list as [string, number, number, number, ...unknown[]];
  const record: TwinRecord = { id, time: groupTime + delayMs, change: { kind: "deleted" } };
  if (back >= 0) record.before = { group: group - back, line: beforeLine };
  const { length } = line;
  if (rest.length === 4) {
    const [wholeBack, wholeLine, staleAfter, document] = rest as [number, number, number, TwinDocument];
    record.change = { kind: "whole", document, staleAfter, length };
    if (wholeBack >= 0) record.change.wholeBefore = { group: group - wholeBack, line: wholeLine };
  } else if (rest.length > 0) {
    const [patch, staleAfter] = rest as [DocumentPatch, number | undefined];
    record.change = { kind: "patch", patch, length };
    if (staleAfter !== undefined) record.change.staleAfter = staleAfter;
  }
  return record;
}

/** What the entry becomes by a record that follows on it. Undefined: the record needs one before it that is not there. */
export function follow(entry: Entry | undefined, { before, change }: TwinRecord, at: Place): Entry | undefined {
  const isStored = entry?.isStored ?? false;
  if (change.kind === "deleted") return entryOf(undefined, 0, undefined, 0, isStored);
  if (change.kind === "whole") {
    const { document, staleAfter, length } = change;
    const trail = { last: { ...at }, whole: at, wholeLength: length, sinceLength: 0 };
    return entryOf(document, staleAfter, trail, length, isStored);
  }
  if (!entry?.document || !entry.trail || !before || !isSamePlace(before, entry.trail.last)) return undefined;
  const { trail } = entry;
  return entryOf(
    applyPatch(entry.document, change.patch),
    change.staleAfter ?? entry.staleAfter,
    { ...trail, last: { ...at }, sinceLength: trail.sinceLength + change.length },
    lengthAfter(entry, change.patch, change.length),
    isStored,
  );
}

/** A document grows by the properties that are new: devices that send one at a time make a long one of a short one. */
function lengthAfter({ document, length }: Entry, { put }: DocumentPatch, patchLength: number): number {
  const list = put?.reported ?? [];
  let grown = length;
  for (let at = 0; at < list.length; at += 2) {
    const name = String(list[at]);
    if (document && !Object.hasOwn(document.reported, name))
      grown += 2 * name.length + String(list[at + 1]).length + metaLength;
  }
  return Math.max(grown, patchLength);
}

export const isSamePlace = (a: Place, b: Place): boolean => a.group === b.group && a.line === b.line;

/** Whether `a` was written before `b`. */
export const isBefore = (a: Place, b: Place): boolean => a.group < b.group || (a.group === b.group && a.line < b.line);

/** As it stands in a row: empty without a trail. */
export const trailText = (trail: Trail | undefined): string =>
  trail
    ? JSON.stringify([
        trail.last.group,
        trail.last.line,
        trail.whole.group,
        trail.whole.line,
        trail.wholeLength,
        trail.sinceLength,
      ])
    : "";

export function readTrail(text: string): Trail | undefined {
  if (text === "") return undefined;
  const [lastGroup, lastLine, wholeGroup, wholeLine, wholeLength, sinceLength] = JSON.parse(text) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    last: { group: lastGroup, line: lastLine },
    whole: { group: wholeGroup, line: wholeLine },
    wholeLength,
    sinceLength,
  };
}
