import { type RefusalInfo, refuse } from "../contract/errors";
import { isMissing, type Quality, type Sample, type Scalar, toNumber, type Values } from "../contract/messages";
import { isSentinel } from "./check-values";
import { remembers } from "./clean-lane";
import { cleanRows, createRuleCategories, type Group, labelsOf } from "./clean-rows";
import type { Dropped } from "./clean-table";
import { type CleaningReport, reportOf, type Touch } from "./cleaning-report";
import { allNumbers, type CleaningRule } from "./cleaning-rule";
import type { CleaningTrace } from "./cleaning-trace";
import { createRowKeys } from "./find-duplicates";
import { change, newMemory } from "./lane";
import { createTwinMemories, type TwinMemory } from "./twin-memories";

export interface CleanerOptions {
  /** Drops a sample that came already: same twin, time and values, among the last 64 of the twin. @default false */
  dropDuplicates?: boolean;
  /** Twins remembered at a time; beyond that the one not heard of for longest starts anew. @default 10000 */
  maxTwins?: number;
  /** Told of every call, what was done cell by cell. To be read only, and before the next call. */
  trace?(trace: CleaningTrace<Sample>): void;
}

export interface CleanedSamples {
  samples: Sample[];
  dropped: Dropped<Sample>[];
  report: CleaningReport;
}

/** Cleans samples as they come, in order of arrival, remembering per twin and property what the rules need. */
export interface Cleaner {
  /** One sample, or a batch. `index` in errors is the place in the batch. */
  clean(samples: readonly Sample[]): CleanedSamples;
}

/**
 * The streaming form. Changed values leave their former self in `raw` and a mark in `quality`: `uncertain` for filled,
 * clamped, replaced, out of range and outliers, `bad` for what is still missing; converted, smoothed and held values keep
 * the quality they had. A sample that nothing was done to is passed on as the same object.
 */
export function createCleaner(
  rules: readonly CleaningRule[],
  { dropDuplicates = false, maxTwins = 10_000, trace }: CleanerOptions = {},
): Cleaner {
  const twins = createTwinMemories(maxTwins);
  const keyOf = createRowKeys();
  const categories = createRuleCategories(rules);
  const remembering = rules.map(remembers);
  const stateful = dropDuplicates || remembering.includes(true) || rules.some((rule) => rule.property === allNumbers);

  function groupOf(id: string, indexes: number[], samples: readonly Sample[]): Group {
    const twin = stateful ? twins.of(id) : undefined;
    return {
      rows: indexes,
      numbers: (rule) => numbersOf(rule, indexes, samples, twin!),
      memory: (r, property) => (remembering[r] ? twin!.lane(r, property) : newMemory()),
    };
  }

  return {
    clean(samples) {
      const errors: (RefusalInfo | undefined)[] = new Array(samples.length).fill(undefined);
      const rows = samples.map((sample) => sample.values);
      if (dropDuplicates)
        samples.forEach((sample, i) => {
          const key = keyOf(sample.values);
          if (key !== undefined && twins.of(sample.id).seen(`${sample.ts} ${key}`))
            errors[i] = refuse(
              "duplicate",
              `This sample of ${sample.id} at ${sample.ts} came already.`,
              "Nothing is lost: the first one went on.",
            );
        });
      const groups =
        samples.length === 1
          ? [groupOf(samples[0]!.id, [0], samples)]
          : [...byTwin(samples)].map(([id, indexes]) => groupOf(id, indexes, samples));
      const times = samples.map((sample) => sample.ts);
      const { outs, touches } = cleanRows(rules, { rows, errors, times, groups, whole: false, categories });
      trace?.({ items: samples, outs, errors, touches });
      const report = reportOf(rows, outs, errors, touches, false, labelsOf(rules, categories));
      const cleaned = samples.slice();
      outs.forEach((values, i) => {
        if (values !== undefined) cleaned[i] = { ...samples[i]!, values: values as Values };
      });
      markCells(samples, cleaned, touches);
      if (report.rows.dropped === 0) return { samples: cleaned, dropped: [], report };
      const dropped: Dropped<Sample>[] = [];
      errors.forEach((error, i) => {
        if (error) dropped.push({ row: samples[i]!, error: samples.length === 1 ? error : { ...error, index: i } });
      });
      return { samples: cleaned.filter((_, i) => errors[i] === undefined), dropped, report };
    },
  };
}

function byTwin(samples: readonly Sample[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  samples.forEach(({ id }, i) => {
    const group = groups.get(id);
    if (group) group.push(i);
    else groups.set(id, [i]);
  });
  return groups;
}

/** Properties of the samples that hold a number, or would if they held anything. */
function numbersOf(rule: CleaningRule, indexes: number[], samples: readonly Sample[], twin: TwinMemory): Set<string> {
  const names = new Set<string>();
  for (const index of indexes) {
    const { values } = samples[index]!;
    for (const name of Object.keys(values)) {
      const value = values[name];
      if (typeof value === "number" && !Number.isNaN(value)) {
        if (twin.texts.size > 0) twin.texts.delete(name);
      } else if (isMissing(value) || isSentinel(value, rule.sentinels)) {
        if (twin.texts.has(name)) continue;
      } else if (rule.convert === "none" || typeof value !== "string" || Number.isNaN(toNumber(value))) {
        if (twin.texts.size < 2000) twin.texts.add(name);
        continue;
      }
      if (name !== "__proto__") names.add(name);
    }
  }
  return names;
}

const uncertain =
  change.outOfRange | change.clamped | change.stuck | change.tooFast | change.outlier | change.replaced | change.filled;

/** Writes quality and raw into the cleaned samples, copying them first. */
function markCells(samples: readonly Sample[], cleaned: Sample[], touches: readonly Touch[]): void {
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
