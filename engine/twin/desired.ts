import type { Changes, TwinDocument } from "../contract/document";
import { type RefusalInfo, refuse } from "../contract/errors";
import type { Scalar } from "../contract/messages";
import type { TwinModel } from "../contract/model";
import { checkValues } from "./check-values";

/** Whether a reported value misses a desired one: numbers by more than the tolerance. */
export function differs(desired: Scalar, reported: Scalar | undefined, tolerance: number): boolean {
  if (typeof desired === "number" && typeof reported === "number") return Math.abs(desired - reported) > tolerance;
  return desired !== reported;
}

/** Brings `delta` and `ack` of a new document in line with what is desired and reported. Changes the given document. */
export function settle(document: TwinDocument, model: TwinModel | undefined): void {
  const delta: Record<string, Scalar> = {};
  let open = false;
  for (const [name, wish] of Object.entries(document.desired)) {
    if (!differs(wish, document.reported[name], model?.properties.get(name)?.tolerance ?? 0)) continue;
    delta[name] = wish;
    open = true;
  }
  document.delta = delta;
  const { ack } = document;
  if (!open && ack?.code === 202) document.ack = { version: ack.version, code: 200, text: "met" };
}

/**
 * Merges desired values (RFC 7396 on one level: null takes a wish back) and works out what the device still has to do.
 * With a model, only writable properties, in their type and range. The given document is not changed.
 */
export function desire(
  current: TwinDocument,
  patch: Record<string, unknown>,
  model: TwinModel | undefined,
  now: number,
): { document: TwinDocument; changed: Changes } | { error: RefusalInfo } {
  const checked = checkValues(model, patch);
  if ("error" in checked) return checked;
  for (const name of Object.keys(checked.values)) {
    if (model && model.properties.get(name)?.writable === false)
      return {
        error: refuse(
          "read-only",
          `${name} of ${current.id} is not writable.`,
          'Tick "writable" in the twin-model if the device takes it.',
          {
            property: name,
          },
        ),
      };
  }
  const desired = { ...current.desired };
  const changed: Changes = {};
  for (const [name, value] of Object.entries(checked.values)) {
    const before = desired[name];
    if (value === null ? before === undefined : Object.is(before, value)) continue;
    changed[`desired.${name}`] = { before, after: value === null ? undefined : value };
    if (value === null) delete desired[name];
    else desired[name] = value;
  }
  if (Object.keys(changed).length === 0) return { document: current, changed };
  const document: TwinDocument = { ...current, desired, rev: current.rev + 1, updatedAt: now };
  document.ack = { version: document.rev, code: 202, text: "waiting for the device" };
  settle(document, model);
  if (Object.keys(document.desired).length === 0) document.ack = null;
  return { document, changed };
}
