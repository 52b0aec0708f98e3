import { quote, refuse } from "../contract/errors";
import type { Presence, Sample } from "../contract/messages";
import { isPlainObject } from "./path";
import { type Arrival, type EntryRules, readId } from "./read-entry";
import type { Reading } from "./read-payload";

/** What devices and their last wills say, in small letters. */
const words: Record<string, Presence> = {
  online: "online",
  true: "online",
  "1": "online",
  offline: "offline",
  false: "offline",
  "0": "offline",
};

/**
 * Makes the reader of what is published on a presence topic: `online` or `offline`, also as true and false, 1 and 0, or as an
 * object with one of these in `status`, `state` or `online`. It gives a sample of no values. It never throws.
 */
export function createPresenceReader(rules: Pick<EntryRules, "id" | "model">) {
  return (payload: unknown, arrival: Arrival): Reading => {
    const row = isPlainObject(payload) ? payload : {};
    const id = readId(rules.id, row, arrival);
    if (typeof id === "object") return { kind: "refused", error: id };
    const word = isPlainObject(payload) ? (row.status ?? row.state ?? row.online) : payload;
    const key = String(word).trim().toLowerCase();
    const status = Object.hasOwn(words, key) ? words[key] : undefined;
    if (!status)
      return {
        kind: "refused",
        error: refuse(
          "bad-payload",
          `The payload is ${quote(payload)}.`,
          'On a presence topic send online or offline, or {"status": "offline"}.',
        ),
      };
    const sample: Sample = { id, ts: arrival.now, values: {}, status };
    if (rules.model) sample.model = rules.model.model;
    return { kind: "sample", sample };
  };
}
