import { type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";

/** Why InfluxDB will never take a line, with its own words and how to mend it. */
export function refusalOf(reason: string, sample: Sample): RefusalInfo {
  const said = `InfluxDB refuses a sample of ${sample.id}: ${reason.replace(/ dropped=\d+$/, "")}.`;
  // The server names one conflict of a request, not necessarily the one of this line.
  const property = /input field "(.+?)" on measurement|column type for column '(.+?)'/
    .exec(reason)
    ?.slice(1)
    .find(Boolean);
  if (/field type conflict|invalid column type/.test(reason))
    return refuse(
      "wrong-type",
      said,
      "The property is stored with another type already: send that type, or write to another measurement.",
      property !== undefined && Object.hasOwn(sample.values, property) ? { property } : {},
    );
  if (/retention policy|time outside range/.test(reason))
    return refuse("bad-time", said, "Write to a retention policy that keeps samples that old.");
  if (/too large|field value is too long/i.test(reason)) return refuse("too-large", said, "Send a shorter text.");
  return refuse("bad-request", said, "Look at InfluxDB's limits and at the sample.");
}
