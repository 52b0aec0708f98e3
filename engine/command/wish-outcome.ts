import type { TwinDocument } from "../contract/document";
import type { Scalar } from "../contract/messages";
import { own } from "../contract/own";
import type { CommandOutcome, CommandRecord } from "./command-record";

/**
 * How desired values have ended, as the twin's document tells; undefined while they wait. Only the command's own values count:
 * what else is desired of the twin may go on.
 */
export function wishOutcome(
  { args, expires }: CommandRecord,
  document: TwinDocument | undefined,
  now: number,
): CommandOutcome | undefined {
  if (!document) return { state: "refused", code: 409, text: "the twin was deleted", error: "cancelled" };
  const { desired, delta, ack, loop, desiredBy } = document;
  const wishes = Object.entries(args as Record<string, Scalar>);
  const other = wishes.find(([name, value]) => own(desired, name) !== (value === null ? undefined : value));
  if (other) {
    if (ack?.code === 409) return { state: "refused", code: 409, text: ack.text, error: "device-refused" };
    const who = desiredBy?.user === undefined ? "" : ` by ${desiredBy.user}`;
    return { state: "refused", code: 409, text: `${other[0]} was desired otherwise${who}`, error: "cancelled" };
  }
  if (wishes.every(([name]) => !Object.hasOwn(delta, name))) return { state: "acknowledged", code: 200, text: "met" };
  if (ack && loop?.since === undefined && ack.code >= 400)
    return { state: "refused", code: ack.code, text: ack.text, error: "device-refused" };
  if (now < expires) return undefined;
  return { state: "timed-out", code: 504, text: "not met in time; it is still desired", error: "timed-out" };
}
