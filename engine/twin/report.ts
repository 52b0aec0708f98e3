import type { Changes, PropertyMeta, TwinDocument } from "../contract/document";
import type { Quality, Sample, Scalar } from "../contract/messages";
import type { TwinModel } from "../contract/model";
import { differs, settle } from "./desired";

export interface ReportResult {
  document: TwinDocument;
  changed: Changes;
  /** Whether the update is an effective change: a value, a quality, the status or the delta is another than before. */
  effective: boolean;
  /** Every value of the sample was older than what the twin already knew. */
  historical: boolean;
}

export interface ReportOptions {
  model?: TwinModel | undefined;
  /** Arrival, ms since 1970-01-01 UTC. */
  now: number;
  /** The device's own newer value replaces a desired value that differs from it. @default false */
  deviceWins?: boolean;
}

/** The document of a twin of which nothing is known yet. */
export const emptyDocument = (id: string, now: number): TwinDocument => ({
  id,
  model: null,
  rev: 0,
  reported: {},
  desired: {},
  delta: {},
  meta: {},
  ack: null,
  status: "live",
  updatedAt: now,
});

/**
 * Merges a sample into the document. Per property, an older value never replaces a newer one; of two with the same time the
 * higher `seq` wins, else the later arrival. `null` is "no reading": the value stays and its quality becomes bad.
 * The given document is not changed.
 */
export function reportSample(current: TwinDocument | undefined, sample: Sample, options: ReportOptions): ReportResult {
  const before = current ?? emptyDocument(sample.id, options.now);
  const reported = { ...before.reported };
  const meta = { ...before.meta };
  const changed: Changes = {};
  let applied = 0;
  let requalified = false;
  for (const name of Object.keys(sample.values)) {
    const value = sample.values[name] ?? null;
    const known = meta[name];
    if (known && isOlder(sample, known)) continue;
    applied++;
    const quality: Quality = value === null ? "bad" : (sample.quality?.[name] ?? "good");
    meta[name] = { ts: sample.ts, quality, ...(sample.seq === undefined ? {} : { seq: sample.seq }) };
    if (known?.quality !== quality) requalified = true;
    if (value === null || Object.is(reported[name], value)) continue;
    changed[name] = { before: reported[name], after: value };
    reported[name] = value;
  }
  const names = Object.keys(sample.values).length;
  const historical = names > 0 && applied === 0;
  if (historical) return { document: before, changed, effective: false, historical };

  const document: TwinDocument = {
    ...before,
    model: sample.model ?? options.model?.model ?? before.model,
    reported,
    meta,
    status: "live",
  };
  const effective =
    current === undefined ||
    requalified ||
    Object.keys(changed).length > 0 ||
    before.status !== "live" ||
    before.model !== document.model;
  if (effective) {
    // Coming back to life is an event, but nothing that anybody set or measured: the revision stays.
    if (current === undefined || requalified || Object.keys(changed).length > 0 || before.model !== document.model)
      document.rev++;
    document.updatedAt = options.now;
  }
  if (options.deviceWins) yieldToDevice(document, before, changed);
  settle(document, options.model);
  return { document, changed, effective, historical };
}

/**
 * Merges values that are no sample (no time of their own): RFC 7396 on one level, so null removes a property.
 */
export function reportPatch(
  current: TwinDocument | undefined,
  id: string,
  patch: Record<string, Scalar>,
  options: ReportOptions,
): ReportResult {
  const removed = Object.keys(patch).filter((name) => patch[name] === null);
  const values = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== null));
  const base = current ?? emptyDocument(id, options.now);
  const gone = removed.filter((name) => Object.hasOwn(base.reported, name) || Object.hasOwn(base.meta, name));
  const result = reportSample(current, { id, ts: options.now, values }, options);
  if (gone.length === 0) return result;
  const reported = { ...result.document.reported };
  const meta: Record<string, PropertyMeta> = { ...result.document.meta };
  const changed = { ...result.changed };
  for (const name of gone) {
    changed[name] = { before: reported[name], after: undefined };
    delete reported[name];
    delete meta[name];
  }
  const document: TwinDocument = {
    ...result.document,
    reported,
    meta,
    rev: base.rev + 1,
    updatedAt: options.now,
  };
  settle(document, options.model);
  return { document, changed, effective: true, historical: false };
}

function isOlder(sample: Sample, known: PropertyMeta): boolean {
  if (sample.ts !== known.ts) return sample.ts < known.ts;
  return sample.seq !== undefined && known.seq !== undefined && sample.seq < known.seq;
}

/** A change that the device made by itself, newer than the wish, replaces the wish. */
function yieldToDevice(document: TwinDocument, before: TwinDocument, changed: Changes): void {
  const desired = { ...document.desired };
  let yielded = false;
  for (const name of Object.keys(changed)) {
    const wish = desired[name];
    const value = document.reported[name];
    // Only where the twin had already met the wish: a device on its way to it is not overruling it.
    if (wish === undefined || value === undefined || !differs(wish, value, 0)) continue;
    if (Object.hasOwn(before.delta, name)) continue;
    desired[name] = value;
    changed[`desired.${name}`] = { before: wish, after: value };
    yielded = true;
  }
  if (!yielded) return;
  document.desired = desired;
  document.ack = { version: document.rev, code: 409, text: "the device reported a newer value of its own" };
}
