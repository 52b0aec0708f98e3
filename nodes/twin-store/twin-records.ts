import type { TwinDocument } from "../../engine/contract/document";
import { applyPatch, type DocumentPatch, diffDocuments } from "../../engine/twin/document-patch";

/** Where a record stands: the number of its group in the segment log, and its line there. */
export interface Place {
  group: number;
  line: number;
}

/** How the records of one twin hang together. */
export interface Trail {
  /** Its latest record: the next one names it, so that a missing one is noticed. */
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
 * @param oldest number of the oldest group that can be read
 */
export function encodeRecord(
  id: string,
  at: Place,
  delayMs: number,
  before: Entry | undefined,
  after: { document: TwinDocument | undefined; staleAfter: number },
  oldest: number,
): { text: string; entry: Entry } {
  const { document, staleAfter } = after;
  const isStored = before?.isStored ?? false;
  const trail = before?.document ? before.trail : undefined;
  const head = [id, delayMs, ...(trail ? [at.group - trail.last.group, trail.last.line] : [-1, 0])];
  if (!document)
    return { text: JSON.stringify(head), entry: { document, staleAfter: 0, trail: undefined, length: 0, isStored } };
  if (trail && before?.document && trail.whole.group >= oldest) {
    const patch = diffDocuments(before.document, document);
    const text = JSON.stringify(staleAfter === before.staleAfter ? [...head, patch] : [...head, patch, staleAfter]);
    const sinceLength = trail.sinceLength + text.length;
    if (sinceLength <= Math.max(minPatchLength, patchesPerWhole * trail.wholeLength)) {
      const next = { last: at, whole: trail.whole, wholeLength: trail.wholeLength, sinceLength };
      const length = lengthAfter(before, patch, text.length);
      return { text, entry: { document, staleAfter, trail: next, length, isStored } };
    }
  }
  const wholeBefore = trail ? [at.group - trail.whole.group, trail.whole.line] : [-1, 0];
  const text = JSON.stringify([...head, ...wholeBefore, staleAfter, document]);
  const { length } = text;
  const next = { last: at, whole: at, wholeLength: length, sinceLength: 0 };
  return { text, entry: { document, staleAfter, trail: next, length, isStored } };
}

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
  if (change.kind === "deleted") return { document: undefined, staleAfter: 0, trail: undefined, length: 0, isStored };
  if (change.kind === "whole") {
    const { document, staleAfter, length } = change;
    const trail = { last: at, whole: at, wholeLength: length, sinceLength: 0 };
    return { document, staleAfter, trail, length, isStored };
  }
  if (!entry?.document || !entry.trail || !before || !isSamePlace(before, entry.trail.last)) return undefined;
  const { trail } = entry;
  return {
    document: applyPatch(entry.document, change.patch),
    staleAfter: change.staleAfter ?? entry.staleAfter,
    trail: { ...trail, last: at, sinceLength: trail.sinceLength + change.length },
    length: lengthAfter(entry, change.patch, change.length),
    isStored,
  };
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
