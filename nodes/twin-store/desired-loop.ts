import { crc32 } from "node:zlib";
import type { TwinDocument } from "../../engine/contract/document";
import { nextReminder } from "../../engine/twin/desired-loop";
import { createDueQueue } from "../../engine/twin/due-queue";

export interface LoopActions {
  now(): number;
  load(id: string): TwinDocument | undefined;
  /** Tells watchers the delta again. */
  remind(document: TwinDocument, reminder: number): void;
  /** Writes down that what is desired was not met in time. */
  callLate(id: string): void;
}

/** Keeps in mind which twins have not met what is desired of them. What it knows follows from the documents. */
export interface DesiredLoops {
  /** The twin's document is another now. With `graceMs`, what is late already is given that time more. */
  note(id: string, document: TwinDocument | undefined, graceMs?: number): void;
  /** Looks at the stored document again: a write failed. */
  recheck(id: string): void;
  close(): void;
}

/** Reminders and time-outs a second, of all twins together: what is more waits its turn. */
const perSecond = 1000;
const tickMs = 250;

/** How long after a failed write the document is looked at again. */
const recheckMs = 5000;

interface Open {
  /** Of the document's loop: another one begins anew. */
  since: number;
  until: number | undefined;
  lateAt: number;
  remindAt: number;
  reminder: number;
}

/** One timer for all twins. */
export function createDesiredLoops({ now, load, remind, callLate }: LoopActions): DesiredLoops {
  const open = new Map<string, Open>();
  const queue = createDueQueue();

  function put(document: TwinDocument, { since, until, lateAt }: Pick<Open, "since" | "until" | "lateAt">): void {
    const { id, loop } = document;
    // Spread by the twin's name: twins that were told at one time are not reminded at one time.
    const next = nextReminder(loop, now(), (attempt) => crc32(`${id} ${attempt}`) / 2 ** 32);
    if (!next) return;
    open.set(id, { since, until, lateAt, remindAt: next.at, reminder: next.attempt });
    queue.set(id, Math.min(next.at, lateAt));
  }

  function note(id: string, document: TwinDocument | undefined, graceMs = 0): void {
    const loop = document?.loop;
    if (!document || loop?.since === undefined) {
      if (open.delete(id)) queue.delete(id);
      return;
    }
    const { since, until } = loop;
    const known = open.get(id);
    // A reminder that is due must not be put off by every report that comes before its turn.
    if (known && known.since === since && known.until === until) return;
    const lateAt = until === undefined ? Number.POSITIVE_INFINITY : Math.max(until, now() + graceMs);
    put(document, { since, until, lateAt });
  }

  function attend(id: string, at: number): void {
    const known = open.get(id);
    open.delete(id);
    let document: TwinDocument | undefined;
    try {
      document = load(id);
    } catch {
      // The row cannot be read now: no reason for a timer to end the process.
      queue.set(id, at + recheckMs);
      return;
    }
    if (!document || !known) {
      note(id, document);
      return;
    }
    const isLate = known.lateAt <= at;
    put(document, isLate ? { ...known, lateAt: Number.POSITIVE_INFINITY } : known);
    if (known.remindAt <= at && document.loop?.since !== undefined) remind(document, known.reminder);
    if (isLate) callLate(id);
  }

  let last = now();
  const timer = setInterval(() => {
    const at = now();
    // The clock was set back: what is due in an hour by the clock before is looked at anew.
    if (at < last) for (const id of open.keys()) queue.set(id, at);
    last = at;
    for (const id of queue.take(at, (perSecond * tickMs) / 1000)) attend(id, at);
  }, tickMs);
  timer.unref();

  return {
    note,
    recheck(id) {
      open.delete(id);
      queue.set(id, now() + recheckMs);
    },
    close: () => clearInterval(timer),
  };
}
