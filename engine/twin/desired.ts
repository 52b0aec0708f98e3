import type { Changes, DesiredBy, LoopTiming, TwinDocument } from "../contract/document";
import { type RefusalInfo, refuse } from "../contract/errors";
import type { Scalar } from "../contract/messages";
import type { TwinModel } from "../contract/model";
import { own } from "../contract/own";
import { checkValues } from "./check-values";
import { begunLoop, defaultTiming, endedLoop } from "./desired-loop";
import { type Draft, MapDraft } from "./draft";
import { offlineDocument } from "./empty-document";

/** Whether a reported value misses a desired one: numbers by more than the tolerance. */
export function differs(desired: Scalar, reported: Scalar | undefined, tolerance: number): boolean {
  if (typeof desired === "number" && typeof reported === "number") return Math.abs(desired - reported) > tolerance;
  return desired !== reported;
}

export const toleranceOf = (model: TwinModel | undefined, name: string): number =>
  model?.properties.get(name)?.tolerance ?? 0;

function deltaOf(
  desired: TwinDocument["desired"],
  reported: Pick<MapDraft<Scalar>, "get">,
  model: TwinModel | undefined,
): Record<string, Scalar> {
  const delta: Record<string, Scalar> = {};
  for (const [name, wish] of Object.entries(desired))
    if (differs(wish, reported.get(name), toleranceOf(model, name))) delta[name] = wish;
  return delta;
}

export function isSameDelta(before: TwinDocument["delta"], after: TwinDocument["delta"]): boolean {
  if (before === after) return true;
  const names = Object.keys(after);
  return names.length === Object.keys(before).length && names.every((name) => own(before, name) === after[name]);
}

const isEmpty = (values: Record<string, Scalar>): boolean => {
  for (const _ in values) return false;
  return true;
};

/**
 * Brings `delta`, `ack` and `loop` of a draft, which still has the delta of the document before, in line with what is
 * desired and reported. Changes the given draft.
 */
export function settle({ fields: document, reported }: Draft, model: TwinModel | undefined, now: number): void {
  if (isEmpty(document.desired) && isEmpty(document.delta)) return;
  const wasOpen = !isEmpty(document.delta);
  const delta = deltaOf(document.desired, reported, model);
  if (!isSameDelta(document.delta, delta)) document.delta = delta;
  const isOpen = !isEmpty(document.delta);
  const { ack, loop = defaultTiming } = document;
  if (wasOpen === isOpen || !ack) return;
  if (isOpen) {
    document.ack = { version: ack.version, code: 202, text: "the device left what is desired" };
    document.loop = begunLoop(loop, now);
    return;
  }
  // That the device had its own way with a part says more than that the rest is met.
  if (ack.code !== 409) document.ack = { version: ack.version, code: 200, text: "met" };
  document.loop = endedLoop(loop);
}

export interface DesireOptions {
  model?: TwinModel | undefined;
  /** Ms since 1970-01-01 UTC. */
  now: number;
  /** Who wants it and why. */
  by?: Omit<DesiredBy, "at">;
  /** @default 5 s doubling to 5 min, late after 60 s */
  timing?: LoopTiming;
  /** Values that are desired already count as desired anew, unless they are met. @default false */
  anew?: boolean;
}

/**
 * Merges desired values (RFC 7396 on one level: null takes a wish back) and works out what the device still has to do.
 * With a model, only writable properties, in their type and range. The same values again change nothing, unless the device
 * refused them or they are late: then they are tried anew. The given document is not changed.
 */
export function desire(
  current: TwinDocument,
  patch: Record<string, unknown>,
  { model, now, by = {}, timing = defaultTiming, anew = false }: DesireOptions,
): { document: TwinDocument; changed: Changes } | { error: RefusalInfo } {
  const checked = checkValues(model, patch);
  if ("error" in checked) return checked;
  for (const name of Object.keys(checked.values)) {
    if (model?.properties.get(name)?.writable === false)
      return {
        error: refuse(
          "read-only",
          `${name} of ${current.id} is not writable.`,
          'Tick "writable" in the twin-model if the device takes it.',
          { property: name },
        ),
      };
  }
  const desired = { ...current.desired };
  const changed: Changes = {};
  let asksForOpen = false;
  for (const [name, value] of Object.entries(checked.values)) {
    const before = Object.hasOwn(desired, name) ? desired[name] : undefined;
    if (value !== null && Object.hasOwn(current.delta, name)) asksForOpen = true;
    if (value === null ? before === undefined : Object.is(before, value)) continue;
    changed[`desired.${name}`] = { before, after: value === null ? undefined : value };
    if (value === null) delete desired[name];
    else desired[name] = value;
  }
  const isRefused = current.loop?.since === undefined;
  const isLate = current.ack?.code === 504;
  const tryAnew = asksForOpen && (anew || isRefused || isLate);
  if (isEmptyChange(changed) && !tryAnew) return { document: current, changed };

  const rev = current.rev + 1;
  const document: TwinDocument = { ...current, desired, rev, updatedAt: now, desiredBy: { at: now, ...by } };
  const via = viaOf(current.desiredVia, checked.values, changed, by.via);
  if (isEmpty(via)) delete document.desiredVia;
  else document.desiredVia = via;
  document.delta = deltaOf(desired, new MapDraft(document.reported), model);
  if (isEmpty(desired)) {
    document.ack = null;
    delete document.loop;
  } else if (isEmpty(document.delta)) {
    document.ack = { version: rev, code: 200, text: "met" };
    document.loop = endedLoop(timing);
  } else {
    document.ack = { version: rev, code: 202, text: "waiting for the device" };
    document.loop = begunLoop(timing, now);
  }
  return { document, changed };
}

/**
 * {@link desire} for a twin that may not be known yet. A document of no model takes the given one's name.
 *
 * @returns `isAnother`: whether anything changed
 */
export function desireOf(
  id: string,
  current: TwinDocument | undefined,
  patch: Record<string, unknown>,
  options: DesireOptions,
): { document: TwinDocument; changed: Changes; isAnother: boolean } | { error: RefusalInfo } {
  const before = current ?? offlineDocument(id, options.now);
  const result = desire(before, patch, options);
  if ("error" in result) return result;
  const { document, changed } = result;
  const { model } = options;
  const isNamed = document.model !== null || !model;
  return {
    document: isNamed ? document : { ...document, model: model.model, modelVersion: model.version },
    changed,
    isAnother: document !== before,
  };
}

/**
 * Which node brings each value to the device. Only the one through which the value itself was desired: another one has not
 * asked for the role, and does not know the interlock, under which it may go.
 */
function viaOf(
  before: Record<string, string> = {},
  values: Record<string, Scalar>,
  changed: Changes,
  via: string | undefined,
): Record<string, string> {
  const after = { ...before };
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && via !== undefined) after[name] = via;
    else if (Object.hasOwn(changed, `desired.${name}`)) delete after[name];
  }
  return after;
}

/** The part of the delta that this node brings to the device. */
export function deltaVia({ delta, desiredVia = {} }: TwinDocument, via: string): Record<string, Scalar> {
  return Object.fromEntries(Object.entries(delta).filter(([name]) => own(desiredVia, name) === via));
}

const isEmptyChange = (changed: Changes): boolean => Object.keys(changed).length === 0;
