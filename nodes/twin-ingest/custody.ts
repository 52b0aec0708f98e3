import { Failure, type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { Host } from "../lib/define-node";
import { deliveryOf, newToken } from "../lib/delivery";
import type { Message } from "../lib/node-red";
import type { Journal } from "../twin-store/store";
import { createPace } from "./pace";
import { decodeParcel, encodeParcel, messageOf, type Parcel } from "./parcel";
import { shownPayload } from "./read-text";

/** An entry of the journal that is on its way through the flow. */
export interface Entry {
  readonly number: number;
  readonly bytes: number;
  /** Messages that it is part of and that are not done, and one more while it is being handed on. */
  parts: number;
  /** Times that a failure, which may pass, was met. */
  attempts: number;
  redelivered: boolean;
  /** It goes on in a message of its own, to show whether it is the one on which the flow fails. */
  alone?: boolean;
}

/** Puts messages on the outputs that stand for these entries. They are a part of each, already counted in `parts`. */
export type Dispatch = (messages: (Message | null)[], entries: readonly Entry[]) => void;

/** Keeps what came in until every branch of the flow is done with it: docs/decisions/0002. */
export interface Custody {
  /** Resolves when the flow runs and has been sent what was left from before; undefined from then on. */
  ready(): Promise<void> | undefined;
  /**
   * Writes the parcel to the journal and hands it on. Throws a `Failure` when it cannot be kept: do not acknowledge.
   *
   * @param soon write it at the end of this turn: acknowledge when `durable` has resolved
   */
  take(parcel: Parcel, soon?: boolean): void;
  dispatch: Dispatch;
  /** Resolves when all that was taken is durable; undefined when it is. */
  durable(): Promise<void> | undefined;
  /** Whether so much is on its way that nothing more is to be taken. */
  isFull(): boolean;
  /** Resolves when less is on its way; undefined when it is little enough. For who waits: each call waits in a list. */
  room(): Promise<void> | undefined;
  /** Entries that are on their way through the flow. */
  underWay(): number;
}

export const custodyLimits = {
  /** Most that may be on its way through the flow at once: memory is bounded by it. */
  entries: 12_000,
  bytes: 64 * 1024 * 1024,
  /** After that a node that never completes is told of, and its messages no longer count as on their way. */
  overdueMs: 5 * 60_000,
  /** The same, while so much is on its way that nothing more is taken and nothing completes: a stock mqtt out that is not connected, for one. */
  stalledMs: 15_000,
  /** Such messages of which the end is still awaited. */
  overdue: 100_000,
  checkMs: 5000,
};
const maxRetryMs = 30_000;

interface Open {
  entries: readonly Entry[];
  since: number;
  overdue: boolean;
}

export function openCustody(
  host: Host,
  journal: Journal,
  handOn: (parcel: Parcel, entry: Entry) => void,
  onFailed: (error: RefusalInfo) => void,
  limits = custodyLimits,
): Custody {
  const delivery = deliveryOf(host.red);
  const open = new Map<number, Open>();
  const waiters = new Set<() => void>();
  let onTheirWay = 0;
  let bytes = 0;
  let overdue = 0;
  let closed = false;
  let completedAt = Date.now();
  let failing: Entry[] = [];
  let retryTimer: NodeJS.Timeout | undefined;

  const isFull = (): boolean => onTheirWay >= limits.entries || bytes >= limits.bytes;

  function count(entry: Entry, by: 1 | -1): void {
    onTheirWay += by;
    bytes += by * entry.bytes;
    if (waiters.size === 0 || isFull()) return;
    for (const wake of [...waiters]) wake();
  }

  /** One part of the entry is done: with the last, the journal may forget it. */
  function partDone(entry: Entry): void {
    if (--entry.parts > 0) return;
    count(entry, -1);
    journal.release(entry.number);
  }

  function begin(entry: Entry, parcel: Parcel): void {
    entry.parts++;
    try {
      handOn(parcel, entry);
    } finally {
      partDone(entry);
    }
  }

  function track(messages: (Message | null)[], entries: readonly Entry[], settled: (error?: Error) => void): void {
    const token = newToken();
    const redelivered = entries.some((entry) => entry.redelivered);
    for (const message of messages) {
      if (!message) continue;
      message._twinTokens = [token];
      if (redelivered) message.redelivered = true;
    }
    open.set(token, { entries, since: Date.now(), overdue: false });
    const end = (act: () => void): void => {
      const one = open.get(token);
      if (!one || closed) return;
      open.delete(token);
      completedAt = Date.now();
      if (one.overdue) {
        overdue--;
        for (const entry of entries) count(entry, 1);
      }
      act();
    };
    delivery.open(
      token,
      (error) => end(() => settled(error)),
      () => end(() => sendAgain(entries)),
    );
    host.send(messages);
    delivery.sent(token);
  }

  const dispatch: Dispatch = (messages, entries) =>
    track(messages, entries, (error) => {
      if (!error) for (const entry of entries) partDone(entry);
      else if (error instanceof Failure && error.retryable) retryLater(entries);
      else if (entries.length > 1) {
        for (const entry of entries) entry.alone = true;
        sendAgain(entries);
      } else for (const entry of entries) setAside(entry, error);
    });

  function parcelOf(entry: Entry): Parcel | undefined {
    try {
      const data = journal.read(entry.number);
      return data && decodeParcel(data);
    } catch (error) {
      host.fail(error);
      return undefined;
    }
  }

  /** Each on its own, in their order, in place of a part that is over. */
  function sendAgain(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const parcel = parcelOf(entry);
      entry.redelivered = true;
      if (parcel) begin(entry, parcel);
      partDone(entry);
    }
  }

  /** What failed for a reason that may pass, such as a full disk, is no fault of the sample. */
  function retryLater(entries: readonly Entry[]): void {
    for (const entry of entries) entry.attempts++;
    failing.push(...entries);
    const attempts = Math.max(...entries.map((entry) => entry.attempts));
    retryTimer ??= setTimeout(
      () => {
        retryTimer = undefined;
        const again = failing.sort((a, b) => a.number - b.number);
        failing = [];
        sendAgain(again);
      },
      Math.min(maxRetryMs, 500 * 2 ** attempts),
    ).unref();
  }

  /** The flow failed on this one: it leaves by the refusal output, with the reason. */
  function setAside(entry: Entry, error: Error): void {
    const parcel = parcelOf(entry);
    if (!parcel) {
      partDone(entry);
      return;
    }
    const { reading } = parcel;
    const message = messageOf(parcel);
    message.payload = reading.kind === "refused" ? shownPayload(parcel.payload) : payloadOf(reading);
    const info = refuse(
      "flow-failed",
      `A node of the flow failed on it: ${error.message}`,
      "Look at the nodes behind this one, mend them and send it again.",
    );
    onFailed(info);
    track([null, host.refused(message, info)], [entry], (again) => {
      if (again) host.warn(`What was refused as flow-failed failed again: ${again.message}`);
      partDone(entry);
    });
  }

  function findOverdue(): void {
    const now = Date.now();
    const patienceMs = isFull() && now - completedAt > limits.stalledMs ? limits.stalledMs : limits.overdueMs;
    const before = now - patienceMs;
    const places = new Set<string>();
    for (const [token, one] of open) {
      if (one.since > before) break;
      if (one.overdue) {
        // They stay in the journal, and come again after a restart.
        if (overdue <= limits.overdue) continue;
        overdue--;
        open.delete(token);
        delivery.abandon(token);
        continue;
      }
      one.overdue = true;
      overdue++;
      for (const entry of one.entries) count(entry, -1);
      places.add(delivery.where(token) ?? "?");
    }
    if (places.size > 0)
      host.warn(
        `Messages are not done after ${Math.round(patienceMs / 1000)} s in ${[...places].slice(0, 5).join(", ")}: does a node there never call done? They stay in the journal and come again after a restart.`,
      );
  }
  const overdueTimer = setInterval(findOverdue, limits.checkMs).unref();

  /** What the process or the deploy before left unfinished, oldest first. */
  async function replay(): Promise<void> {
    await flowsStarted;
    const pace = createPace();
    let pieces = 0;
    for (const { number, data } of journal.unreleased(host.id)) {
      const room = pace(1) ?? waitForRoom();
      if (room) await room;
      if (closed) return;
      pieces++;
      const entry = { number, bytes: data.length, parts: 0, attempts: 0, redelivered: true };
      count(entry, 1);
      begin(entry, decodeParcel(data));
    }
    if (pieces > 0) host.log(`${pieces} messages that were not done are on their way again.`);
  }

  let started: () => void = () => undefined;
  const flowsStarted = new Promise<void>((resolve) => {
    started = resolve;
  });
  host.onFlowsStarted(started);
  let ready: Promise<void> | undefined = replay()
    .catch((error: unknown) => host.fail(error))
    .then(() => {
      ready = undefined;
    });

  function waitForRoom(): Promise<void> | undefined {
    if (!isFull() || closed) return undefined;
    return new Promise((resolve) => {
      const wake = (): void => {
        waiters.delete(wake);
        resolve();
      };
      waiters.add(wake);
    });
  }

  host.onClose(() => {
    closed = true;
    started();
    clearInterval(overdueTimer);
    clearTimeout(retryTimer);
    for (const token of open.keys()) delivery.abandon(token);
    for (const wake of [...waiters]) wake();
  });

  return {
    ready: () => ready,
    dispatch,
    durable: () => journal.durable(),
    isFull,
    room: waitForRoom,
    underWay: () => onTheirWay,
    take(parcel, soon) {
      const data = encodeParcel(parcel);
      const number = journal.append(host.id, data, soon);
      const entry = { number, bytes: data.length, parts: 0, attempts: 0, redelivered: false };
      count(entry, 1);
      begin(entry, parcel);
    },
  };
}

const payloadOf = (reading: Exclude<Parcel["reading"], { kind: "refused" }>): unknown =>
  reading.kind === "sample" ? reading.sample : [...reading.samples, ...reading.rows];
