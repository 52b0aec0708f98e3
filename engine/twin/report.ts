import type { Changes, PropertyMeta, TwinDocument } from "../contract/document";
import type { Sample, Scalar } from "../contract/messages";
import type { TwinModel } from "../contract/model";
import { own } from "../contract/own";
import { derive } from "./derive";
import { differs, isSameDelta, settle, toleranceOf } from "./desired";
import { applyPatch, type DocumentPatch, diffDocuments } from "./document-patch";
import { type Draft, draftOf, patchOf } from "./draft";
import { emptyDocument, offlineDocument } from "./empty-document";
import { boundedMeta, type Clock, compareReadings, type Reading, readingsOf, skewOf } from "./reading";

export interface Merge {
  /** What it makes of the document, in the time that it takes to look at what was reported, however large the document is. */
  patch: DocumentPatch;
  /** The revision with it. */
  rev: number;
  changed: Changes;
  /** Whether the update is an effective change: a value, a quality, the status or the delta is another than before. */
  effective: boolean;
  /** Every value of the sample was older than what the twin already knew, or said less of the same instant. */
  historical: boolean;
  /** How far the device's clock is ahead where that is beyond the limit, in ms; else 0. */
  skewMs: number;
}

export interface ReportResult extends Merge {
  document: TwinDocument;
}

export interface ReportOptions {
  model?: TwinModel | undefined;
  /** Arrival, ms since 1970-01-01 UTC. */
  now: number;
  /** The device's own newer value replaces a desired value that differs from it. @default false */
  deviceWins?: boolean;
  /** A time further ahead of `now` is a clock's that is wrong: the reading is uncertain, and of its arrival. @default Infinity */
  maxSkewMs?: number;
  /** The journal hands it on again: it may have been told before. @default false */
  redelivered?: boolean;
}

/**
 * Merges a sample into the document. Per property the reading that `compareReadings` puts first stays, and of models the one
 * that the latest sample names: samples end in one state in whatever order and however often they arrive. Only `rev`,
 * `updatedAt`, `ack`, and with `deviceWins` `desired`, tell of that order. `null` is "no reading": the value stays and its
 * quality becomes bad. A number that moves within its property's tolerance of the value last announced is no change: it stands in
 * `reported`, and is announced when it has moved further. A repeat changes nothing, but it is a sign of life; what the broker had
 * kept, and what is older, is none. The given document is not changed.
 */
export const reportSample = (current: TwinDocument | undefined, sample: Sample, options: ReportOptions): ReportResult =>
  withDocument(current ?? offlineDocument(sample.id, options.now), mergeSample(current, sample, options));

/** The same as a patch: of the document that is known, or of an `offlineDocument`. */
export const mergeSample = (current: TwinDocument | undefined, sample: Sample, options: ReportOptions): Merge =>
  merge(current, sample, options, compareReadings);

const withDocument = (before: TwinDocument, merge: Merge): ReportResult => ({
  ...merge,
  document: isEmptyPatch(merge.patch) ? before : applyPatch(before, merge.patch),
});

const isEmptyPatch = (patch: DocumentPatch): boolean => Object.keys(patch).length === 0;

type Order = typeof compareReadings;

function merge(current: TwinDocument | undefined, sample: Sample, options: ReportOptions, order: Order): Merge {
  const before: TwinDocument = current ?? offlineDocument(sample.id, options.now);
  const draft = draftOf(before);
  const { fields: document, meta } = draft;
  const names = Object.keys(sample.values);
  const changed: Changes = {};
  const skewMs = skewOf(sample.ts, options);
  const unheard: Merge = { patch: {}, rev: before.rev, changed, effective: false, historical: true, skewMs };
  // Else a twin that was deleted would be back with every start, for as long as the broker keeps its last will.
  if (names.length === 0 && sample.retained && current === undefined) return unheard;
  const isNamed = takeModel(document, sample.model ?? options.model?.model, skewMs > 0 ? options.now : sample.ts);
  stampVersion(document, before, options.model);
  let isHeard = isNamed || names.length === 0;
  let requalified = false;
  const readingOf = readingsOf(sample, options);
  const heard = names.filter((name) => takeReading(draft, name, readingOf(name), order, options));
  if (heard.length > 0) isHeard = true;
  for (const name of [...heard, ...derive(draft, options.model, heard)]) {
    if (own(before.meta, name)?.quality !== meta.get(name)?.quality) requalified = true;
    announce(draft, before, name, options.model?.properties.get(name)?.tolerance ?? 0, changed);
  }
  // That a device is gone is known when it is told, however old the values are that come with it.
  if (!isHeard && sample.status !== "offline") return unheard;
  const isRepeat = names.length > 0 && heard.every((name) => own(before.meta, name)?.ts === meta.get(name)?.ts);
  takeStatus(document, before, sample, options, isRepeat);
  const isAnother =
    current === undefined || requalified || Object.keys(changed).length > 0 || before.model !== document.model;
  // Coming back to life is an event, but nothing that anybody set or measured: the revision stays.
  if (isAnother) document.rev++;
  if (options.deviceWins) yieldToDevice(draft, changed, options.model);
  settle(draft, options.model, options.now);
  // A device that is back is told again, and from then on as if it were told for the first time.
  const { loop } = document;
  if (before.status !== "live" && document.status === "live" && loop?.since !== undefined)
    document.loop = { ...loop, since: options.now };
  // What moves within its tolerance may still meet a desired value, or leave it.
  const isLoopAnother = !isSameDelta(before.delta, document.delta) || before.ack !== document.ack;
  if (isLoopAnother && !isAnother) document.rev++;
  const effective = isAnother || isLoopAnother || before.status !== document.status;
  if (effective) document.updatedAt = options.now;
  return { patch: patchOf(draft), rev: document.rev, changed, effective, historical: !isHeard, skewMs };
}

/** What the broker had kept, and what the journal hands on again and was told before, says nothing of now. */
function takeStatus(
  document: TwinDocument,
  before: TwinDocument,
  { status, ts, retained }: Sample,
  { now, redelivered = false }: ReportOptions,
  isRepeat: boolean,
): void {
  const isOld = redelivered && (isRepeat || (status !== undefined && ts < (before.statusAt ?? ts)));
  if (status === "offline" && !isOld) document.status = "offline";
  else if (status !== "offline" && !retained && !isOld) document.status = "live";
  if (document.status !== before.status || before.rev === 0) document.statusAt = now;
}

/**
 * Notes a value that changed in `changed`, with the value before that was announced: what is told of a property is a chain
 * without a gap, in which drift cannot creep unseen. Within the tolerance the announced value is kept in `meta` instead.
 */
function announce(
  { reported, meta }: Draft,
  before: TwinDocument,
  name: string,
  tolerance: number,
  changed: Changes,
): void {
  const announced = own(before.meta, name)?.announced ?? own(before.reported, name);
  const value = reported.get(name);
  const known = meta.get(name);
  const isWithin =
    typeof announced === "number" && typeof value === "number" && Math.abs(value - announced) <= tolerance;
  if (announced !== value && isWithin) {
    meta.set(name, { ...(known as PropertyMeta), announced });
    return;
  }
  if (known?.announced !== undefined) meta.set(name, withoutAnnounced(known));
  if (announced !== value) changed[name] = { before: announced, after: value };
}

function withoutAnnounced({ announced, ...meta }: PropertyMeta): PropertyMeta {
  return meta;
}

/** Whether that sample is the latest that names a model. */
function takeModel(document: TwinDocument, model: string | undefined, ts: number): boolean {
  const { modelTs = Number.NEGATIVE_INFINITY } = document;
  if (model === undefined || ts < modelTs || (ts === modelTs && model <= (document.model ?? ""))) return false;
  document.model = model;
  document.modelTs = ts;
  return true;
}

/** The version belongs to the model's name. Whoever calls has migrated the document, and refused a lower version (`isBeyond`). */
function stampVersion(document: TwinDocument, before: TwinDocument, model: TwinModel | undefined): void {
  if (model && document.model === model.model) document.modelVersion = model.version;
  else if (document.model !== before.model) delete document.modelVersion;
}

/** Merges one reading. False: the twin knows a later one, and nothing changes. */
function takeReading({ reported, meta }: Draft, name: string, reading: Reading, order: Order, clock: Clock): boolean {
  const known = meta.get(name);
  const isPlainlyLater =
    !known ||
    (reading.value !== null &&
      reading.meta.ts > known.ts &&
      reading.meta.deviceTs === undefined &&
      known.deviceTs === undefined);
  if (!isPlainlyLater) {
    const heldMeta = known.held ?? withoutAnnounced(known);
    const standing: Reading = { value: reported.get(name) ?? null, meta: boundedMeta(heldMeta, clock) };
    const latest: Reading = known.held ? { value: null, meta: boundedMeta(known, clock) } : standing;
    const rank = order(reading, latest);
    if (rank === 0) return true;
    if (rank < 0) {
      // Later than the value that stands while there is no reading: that one will do.
      const isBetter = standing.value === null || order(reading, standing) > 0;
      if (latest.value !== null || reading.value === null || !isBetter) return false;
      meta.set(name, { ...known, held: reading.meta });
      reported.set(name, reading.value);
      return true;
    }
    if (reading.value === null) {
      meta.set(name, standing.value === null ? reading.meta : { ...reading.meta, held: heldMeta });
      return true;
    }
  }
  meta.set(name, reading.meta);
  if (reading.value !== null) reported.set(name, reading.value);
  return true;
}

/**
 * Merges values that are no sample (no time of their own): RFC 7396 on one level, so null removes a property. They always
 * apply, also over a reading of a device whose clock runs ahead.
 */
export function reportPatch(
  current: TwinDocument | undefined,
  id: string,
  patch: Record<string, Scalar>,
  options: ReportOptions & { retained?: boolean },
): ReportResult {
  const removed = Object.keys(patch).filter((name) => patch[name] === null);
  const values = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== null));
  const base = current ?? emptyDocument(id, options.now);
  const gone = removed.filter((name) => Object.hasOwn(base.reported, name) || Object.hasOwn(base.meta, name));
  const { retained = false } = options;
  const merged = merge(current, { id, ts: options.now, values, retained }, options, () => 1);
  const result = withDocument(current ?? offlineDocument(id, options.now), merged);
  if (gone.length === 0) return result;
  const draft = draftOf(result.document);
  const changed = { ...result.changed };
  for (const name of gone) {
    changed[name] = { before: draft.reported.get(name), after: undefined };
    draft.reported.delete(name);
    draft.meta.delete(name);
  }
  const rev = base.rev + 1;
  Object.assign(draft.fields, { rev, updatedAt: options.now });
  for (const name of derive(draft, options.model, gone)) {
    // What was worked out while the removed ones were still there never stood.
    delete changed[name];
    announce(draft, base, name, 0, changed);
  }
  settle(draft, options.model, options.now);
  const document = applyPatch(result.document, patchOf(draft));
  const verdict = { rev, changed, effective: true, historical: false, skewMs: 0 };
  return { ...verdict, document, patch: diffDocuments(base, document) };
}

/** A change that the device made by itself, newer than the wish, replaces the wish. */
function yieldToDevice(
  { before, fields, reported, meta }: Draft,
  changed: Changes,
  model: TwinModel | undefined,
): void {
  const yielded: Record<string, Scalar> = {};
  for (const [name, wish] of Object.entries(fields.desired)) {
    const value = reported.get(name);
    // Only where the twin had already met the wish: a device on its way to it is not overruling it.
    if (value === undefined || !differs(wish, value, toleranceOf(model, name))) continue;
    if (Object.hasOwn(before.delta, name)) continue;
    // By the device's clock: what it did before the wish, and is heard of late, is none.
    if ((meta.get(name)?.ts ?? 0) < (fields.desiredBy?.at ?? 0)) continue;
    yielded[name] = value;
    changed[`desired.${name}`] = { before: wish, after: value };
  }
  if (Object.keys(yielded).length === 0) return;
  fields.desired = { ...fields.desired, ...yielded };
  fields.ack = { version: fields.rev, code: 409, text: "the device reported a newer value of its own" };
}
