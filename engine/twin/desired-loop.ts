import type { Acknowledgement, DesiredLoop, LoopTiming, TwinDocument } from "../contract/document";

export const defaultTiming: LoopTiming = { retryMs: 5000, retryMaxMs: 300_000, timeoutMs: 60_000 };

/** In [0, 1), the same each time for that attempt: what spreads the reminders of many twins needs no place in the store. */
export type Spread = (attempt: number) => number;

/** Reminders come up to this part of their wait later. */
const jitter = 0.2;

/** The loop begins anew: reminders from `now` on, and the whole time until it is late. */
export const begunLoop = ({ retryMs, retryMaxMs, timeoutMs }: LoopTiming, now: number): DesiredLoop => ({
  retryMs,
  retryMaxMs,
  timeoutMs,
  since: now,
  ...(timeoutMs > 0 ? { until: now + timeoutMs } : {}),
});

export const endedLoop = ({ retryMs, retryMaxMs, timeoutMs }: LoopTiming): DesiredLoop => ({
  retryMs,
  retryMaxMs,
  timeoutMs,
});

/**
 * The first reminder after `now`: its time (ms since 1970-01-01 UTC) and its number, from 1. It follows from when the loop
 * began and from nothing else, so that reminders are not written down, and a restart neither repeats nor hurries them.
 * Undefined when there is nothing to remind of.
 */
export function nextReminder(
  loop: DesiredLoop | undefined,
  now: number,
  spread: Spread,
): { at: number; attempt: number } | undefined {
  if (loop?.since === undefined) return undefined;
  const { retryMs, retryMaxMs } = loop;
  // A clock that was set back must not silence the loop for that time.
  const since = Math.min(loop.since, now);
  /** Waits that are still doubled. */
  const doubled = Math.max(0, Math.ceil(Math.log2(retryMaxMs / retryMs)));
  const waitOf = (attempt: number): number => (attempt <= doubled ? retryMs * 2 ** (attempt - 1) : retryMaxMs);
  const endOf = (attempt: number): number =>
    retryMs * (2 ** Math.min(attempt, doubled) - 1) + Math.max(0, attempt - doubled) * retryMaxMs;
  const passed = now - since;
  const soFar =
    passed < endOf(doubled)
      ? Math.floor(Math.log2(passed / retryMs + 1))
      : doubled + Math.floor((passed - endOf(doubled)) / retryMaxMs);
  for (let attempt = Math.max(1, soFar); ; attempt++) {
    const at = since + Math.round(endOf(attempt) + waitOf(attempt) * jitter * spread(attempt));
    if (at > now) return { at, attempt };
  }
}

/** The document when what is desired was not met in time; undefined when it is not late. Reminders go on. */
export function lateDocument(current: TwinDocument, now: number): TwinDocument | undefined {
  const { loop, ack } = current;
  if (loop?.since === undefined || loop.until === undefined || loop.until > now || !ack) return undefined;
  const { until, ...rest } = loop;
  const text = `not met within ${loop.timeoutMs / 1000} s`;
  return { ...current, loop: rest, ack: { ...ack, code: 504, text }, updatedAt: now };
}

/** What a device says of what is desired of it, in its own words. */
export interface DeviceAnswer {
  /** The `ack.version` it answers; absent: the present one. */
  version?: number;
  /** Below 400: it is at it (only what it reports says that it is met). From 400 on: it refuses. */
  code: number;
  text: string;
}

/**
 * The document after a device's answer; undefined when it says nothing new, or speaks of an earlier wish. A refusal ends
 * the reminders, and stands until something else is desired or the device meets it after all.
 */
export function answeredDocument(current: TwinDocument, answer: DeviceAnswer, now: number): TwinDocument | undefined {
  const { ack, loop } = current;
  if (!ack || loop?.since === undefined) return undefined;
  if (answer.version !== undefined && answer.version !== ack.version) return undefined;
  const refused = answer.code >= 400;
  const next: Acknowledgement = { version: ack.version, code: refused ? answer.code : ack.code, text: answer.text };
  if (next.code === ack.code && next.text === ack.text) return undefined;
  return { ...current, ack: next, updatedAt: now, ...(refused ? { loop: endedLoop(loop) } : {}) };
}
