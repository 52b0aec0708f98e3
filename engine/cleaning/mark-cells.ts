import { isMissing, type Quality, type Sample, type Scalar } from "../contract/messages";
import type { Touch } from "./cleaning-report";
import { change } from "./lane";

const uncertain =
  change.outOfRange | change.clamped | change.stuck | change.tooFast | change.outlier | change.replaced | change.filled;

/** Writes quality and raw into the cleaned samples, copying them first. */
export function markCells(samples: readonly Sample[], cleaned: Sample[], touches: readonly Touch[]): void {
  for (const { property, rows, flags } of touches)
    for (let i = 0; i < flags.length; i++) {
      const bits = flags[i]!;
      if (bits === 0 || bits === change.passedOver) continue;
      const index = rows[i]!;
      const before = samples[index]!;
      let sample = cleaned[index]!;
      if (sample === before) {
        sample = { ...before };
        cleaned[index] = sample;
      }
      const was = Object.hasOwn(before.values, property) ? before.values[property]! : null;
      const is = Object.hasOwn(sample.values, property) ? sample.values[property]! : null;
      if (was !== is && !(isMissing(was) && is === null)) {
        // What an earlier cleaning wrote is nearer to the device.
        sample.raw = { [property]: rawOf(was), ...sample.raw };
      }
      const quality = qualityOf(bits, before.quality?.[property], Object.hasOwn(sample.values, property));
      if (quality !== undefined) sample.quality = { ...sample.quality, [property]: quality };
    }
}

const rawOf = (value: Scalar): Scalar => (isMissing(value) ? null : value);

/** Undefined: stays as it is. A property that a sample does not speak of gets no quality. */
function qualityOf(bits: number, had: Quality | undefined, present: boolean): Quality | undefined {
  if (bits & change.stillMissing) return present ? "bad" : undefined;
  if (bits & change.filled) return "uncertain";
  return bits & uncertain && had !== "bad" ? "uncertain" : undefined;
}
