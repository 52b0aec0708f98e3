import type { Changes, PropertyMeta, TwinDocument } from "../contract/document";
import type { Sample, Scalar } from "../contract/messages";
import type { TwinModel } from "../contract/model";
import { derive } from "./derive";
import { differs, isSameDelta, settle, toleranceOf } from "./desired";
import { emptyDocument, offlineDocument } from "./empty-document";
import { boundedMeta, type Clock, compareReadings, own, type Reading, readingsOf, skewOf } from "./reading";

export interface ReportResult {
  document: TwinDocument;
  changed: Changes;
  /** Whether the update is an effective change: a value, a quality, the status or the delta is another than before. */
  effective: boolean;
  /** Every value of the sample was older than what the twin already knew, or said less of the same instant. */
  historical: boolean;
  /** How far the device's clock is ahead where that is beyond the limit, in ms; else 0. */
  skewMs: number;
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
  report(current, sample, options, compareReadings);

type Order = typeof compareReadings;

function report(current: TwinDocument | undefined, sample: Sample, options: ReportOptions, order: Order): ReportResult {
  const before: TwinDocument = current ?? offlineDocument(sample.id, options.now);
  const document = { ...before, reported: { ...before.reported }, meta: { ...before.meta } };
  const names = Object.keys(sample.values);
  const changed: Changes = {};
  const skewMs = skewOf(sample.ts, options);
  const unheard: ReportResult = { document: before, changed, effective: false, historical: true, skewMs };
  // Else a twin that was deleted would be back with every start, for as long as the broker keeps its last will.
  if (names.length === 0 && sample.retained && current === undefined) return unheard;
  const isNamed = takeModel(document, sample.model ?? options.model?.model, skewMs > 0 ? options.now : sample.ts);
  stampVersion(document, before, options.model);
  let isHeard = isNamed || names.length === 0;
  let requalified = false;
  const readingOf = readingsOf(sample, options);
  const heard = names.filter((name) => takeReading(document, name, readingOf(name), order, options));
  if (heard.length > 0) isHeard = true;
  for (const name of [...heard, ...derive(document, options.model, heard)]) {
    if (own(before.meta, name)?.quality !== own(document.meta, name)?.quality) requalified = true;
    announce(document, before, name, options.model?.properties.get(name)?.tolerance ?? 0, changed);
  }
  // That a device is gone is known when it is told, however old the values are that come with it.
  if (!isHeard && sample.status !== "offline") return unheard;
  const isRepeat =
    names.length > 0 && heard.every((name) => own(before.meta, name)?.ts === own(document.meta, name)?.ts);
  takeStatus(document, before, sample, options, isRepeat);
  const isAnother =
    current === undefined || requalified || Object.keys(changed).length > 0 || before.model !== document.model;
  // Coming back to life is an event, but nothing that anybody set or measured: the revision stays.
  if (isAnother) document.rev++;
  if (options.deviceWins) yieldToDevice(document, before, changed, options.model);
  settle(document, options.model, options.now);
  // A device that is back is told again, and from then on as if it were told for the first time.
  const { loop } = document;
  if (before.status !== "live" && document.status === "live" && loop?.since !== undefined)
    document.loop = { ...loop, since: options.now };
  // What moves within its tolerance may still meet a desired value, or leave it.
  const isLoopAnother = !isSameDelta(before.delta, document.delta) || before.ack !== document.ack;
  if (isLoopAnother && !isAnother) document.rev++;
  const effective = isAnother || isLoopAnother || before.status !== document.status;
  if (effective) document.updatedAt = options.now;
  return { document, changed, effective, historical: !isHeard, skewMs };
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
  { reported, meta }: TwinDocument,
  before: TwinDocument,
  name: string,
  tolerance: number,
  changed: Changes,
): void {
  const announced = own(before.meta, name)?.announced ?? own(before.reported, name);
  const value = own(reported, name);
  const known = own(meta, name);
  const isWithin =
    typeof announced === "number" && typeof value === "number" && Math.abs(value - announced) <= tolerance;
  if (announced !== value && isWithin) {
    meta[name] = { ...(known as PropertyMeta), announced };
    return;
  }
  if (known?.announced !== undefined) meta[name] = withoutAnnounced(known);
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
function takeReading(
  { reported, meta }: TwinDocument,
  name: string,
  reading: Reading,
  order: Order,
  clock: Clock,
): boolean {
  const known = own(meta, name);
  const isPlainlyLater =
    !known ||
    (reading.value !== null &&
      reading.meta.ts > known.ts &&
      reading.meta.deviceTs === undefined &&
      known.deviceTs === undefined);
  if (!isPlainlyLater) {
    const heldMeta = known.held ?? withoutAnnounced(known);
    const standing: Reading = { value: own(reported, name) ?? null, meta: boundedMeta(heldMeta, clock) };
    const latest: Reading = known.held ? { value: null, meta: boundedMeta(known, clock) } : standing;
    const rank = order(reading, latest);
    if (rank === 0) return true;
    if (rank < 0) {
      // Later than the value that stands while there is no reading: that one will do.
      const isBetter = standing.value === null || order(reading, standing) > 0;
      if (latest.value !== null || reading.value === null || !isBetter) return false;
      meta[name] = { ...known, held: reading.meta };
      reported[name] = reading.value;
      return true;
    }
    if (reading.value === null) {
      meta[name] = standing.value === null ? reading.meta : { ...reading.meta, held: heldMeta };
      return true;
    }
  }
  meta[name] = reading.meta;
  if (reading.value !== null) reported[name] = reading.value;
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
  const result = report(current, { id, ts: options.now, values, retained }, options, () => 1);
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
  for (const name of derive(document, options.model, gone)) {
    // What was worked out while the removed ones were still there never stood.
    delete changed[name];
    announce(document, base, name, 0, changed);
  }
  settle(document, options.model, options.now);
  return { document, changed, effective: true, historical: false, skewMs: 0 };
}

/** A change that the device made by itself, newer than the wish, replaces the wish. */
function yieldToDevice(
  document: TwinDocument,
  before: TwinDocument,
  changed: Changes,
  model: TwinModel | undefined,
): void {
  const desired = { ...document.desired };
  let yielded = false;
  for (const [name, wish] of Object.entries(desired)) {
    const value = own(document.reported, name);
    // Only where the twin had already met the wish: a device on its way to it is not overruling it.
    if (value === undefined || !differs(wish, value, toleranceOf(model, name))) continue;
    if (Object.hasOwn(before.delta, name)) continue;
    // By the device's clock: what it did before the wish, and is heard of late, is none.
    if ((document.meta[name]?.ts ?? 0) < (document.desiredBy?.at ?? 0)) continue;
    desired[name] = value;
    changed[`desired.${name}`] = { before: wish, after: value };
    yielded = true;
  }
  if (!yielded) return;
  document.desired = desired;
  document.ack = { version: document.rev, code: 409, text: "the device reported a newer value of its own" };
}
