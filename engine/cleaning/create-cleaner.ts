import type { RefusalInfo } from "../contract/errors";
import type { Sample, Values } from "../contract/messages";
import { fingerprintOf } from "../learning/fingerprint";
import { nameTaken } from "./add-features";
import { calculateFeature } from "./calculate-feature";
import { remembers } from "./clean-lane";
import { cleanRows, createRuleCategories, type Group, labelsOf } from "./clean-rows";
import type { Dropped } from "./clean-table";
import { type CleaningReport, reportOf } from "./cleaning-report";
import { allNumbers, type CleaningRule } from "./cleaning-rule";
import type { CleaningTrace } from "./cleaning-trace";
import { dropRepeats, dropUnordered } from "./drop-samples";
import { createRowKeys } from "./find-duplicates";
import { newMemory } from "./lane";
import { markCells } from "./mark-cells";
import { numbersOf } from "./numbers-of-twin";
import { inOrderOfTime } from "./order-of-time";
import type { GridReport } from "./resample-table";
import { noRowOptions, type RowOptions } from "./row-options";
import { addToGrid, tooLateForGrid } from "./twin-grid";
import { createTwinMemories, type MemoryKeys, type SavedTwin } from "./twin-memories";

export interface CleanerOptions extends Partial<RowOptions> {
  /** Twins remembered at a time; beyond that the one not heard of for longest starts anew. @default 10000 */
  maxTwins?: number;
  /** Values that they are remembered by together, about; beyond that likewise. @default 10 million */
  maxValues?: number;
  /** Told of every call, what was done cell by cell. To be read only, and before the next call. */
  trace?(trace: CleaningTrace<Sample>): void;
  /** What an earlier cleaner had saved of a twin; asked once, when the twin is first heard of. */
  restore?(id: string): SavedTwin | undefined;
  /** By property, the labels of categories that an earlier cleaner had: a code goes on meaning what it meant. */
  labels?: Readonly<Record<string, readonly string[]>>;
}

export interface CleanedSamples {
  samples: Sample[];
  /** The place in what came in of each sample that goes on. Absent on a grid, whose samples are new. */
  from?: number[];
  dropped: Dropped<Sample>[];
  report: CleaningReport;
}

/** Cleans samples as they come, in order of arrival, remembering per twin and property what the rules need. */
export interface Cleaner {
  /** One sample, or a batch. `index` in errors is the place in the batch. */
  clean(samples: readonly Sample[]): CleanedSamples;
  /** Whether anything is remembered between two calls. */
  readonly remembers: boolean;
  /** Twins that something is remembered of, the one heard of last first, and what. */
  ids(): string[];
  save(id: string): SavedTwin | undefined;
}

/**
 * The streaming form. Changed values leave their former self in `raw` and a mark in `quality`: `uncertain` for filled,
 * clamped, replaced, out of range and outliers, `bad` for what is still missing; converted, smoothed and held values keep
 * the quality they had. A sample that nothing was done to is passed on as the same object.
 */
export function createCleaner(rules: readonly CleaningRule[], options: CleanerOptions = {}): Cleaner {
  const {
    order,
    duplicates,
    keep,
    resample,
    features,
    trace,
    maxTwins = 10_000,
    maxValues = 10_000_000,
  } = {
    ...noRowOptions,
    ...options,
  };
  const keys: MemoryKeys = {
    rules: keysOf(rules),
    features: keysOf(features),
    grid: JSON.stringify(resample ?? "none"),
  };
  const twins = createTwinMemories({
    maxTwins,
    maxValues,
    keys,
    ...(options.restore ? { restore: options.restore } : {}),
  });
  const keyOf = createRowKeys();
  const categories = createRuleCategories(
    rules,
    rules.map(({ property }) =>
      Object.hasOwn(options.labels ?? {}, property) ? options.labels![property] : undefined,
    ),
  );
  const remembering = rules.map(remembers);
  const ofTwins =
    remembering.includes(true) ||
    duplicates !== "none" ||
    order === "drop" ||
    resample !== undefined ||
    features.length > 0;
  const stateful = ofTwins || rules.some((rule) => rule.property === allNumbers);

  function groupOf(id: string, indexes: number[], samples: readonly Sample[]): Group {
    const twin = stateful ? twins.of(id) : undefined;
    return {
      rows: indexes,
      numbers: (rule) => numbersOf(rule, indexes, samples, twin!),
      memory: (r, property) => (remembering[r] ? twin!.lane(r, property) : newMemory()),
    };
  }

  /** Puts what goes on of the twins on their grids. What is late for it becomes an error. */
  function toGrid(
    groups: readonly Group[],
    cleaned: readonly Sample[],
    errors: (RefusalInfo | undefined)[],
  ): { points: Sample[]; grid: GridReport } {
    const points: Sample[] = [];
    const grid: GridReport = { points: 0, carried: 0, missing: 0 };
    for (const { rows } of groups) {
      const memory = twins.of(cleaned[rows[0]!]!.id).grid;
      for (const i of rows) {
        if (errors[i] !== undefined) continue;
        const step = addToGrid(resample!, memory, cleaned[i]!);
        if (step.late) errors[i] = tooLateForGrid(cleaned[i]!, memory);
        points.push(...step.points);
        grid.carried += step.carried;
        grid.missing += step.missing;
        if (step.skipped > 0) grid.skipped = (grid.skipped ?? 0) + step.skipped;
      }
    }
    grid.points = points.length;
    return { points, grid };
  }

  /** The samples with the features' values. */
  function withFeatures(samples: readonly Sample[]): Sample[] {
    return samples.map((sample) => {
      const twin = twins.of(sample.id);
      let values: Values | undefined;
      let quality = sample.quality;
      features.forEach((feature, f) => {
        const from = values ?? sample.values;
        if (!Object.hasOwn(from, feature.property)) return;
        const value = calculateFeature(feature, twin.feature(f), from[feature.property], sample.ts) as Values[string];
        values ??= { ...sample.values };
        values[feature.name] = value;
        const how = value === null ? "bad" : quality?.[feature.property];
        if (how !== undefined) quality = { ...quality, [feature.name]: how };
      });
      return values ? { ...sample, values, ...(quality ? { quality } : {}) } : sample;
    });
  }

  return {
    remembers: ofTwins || rules.some((rule) => rule.convert === "category"),
    ids: () => twins.ids(),
    save: (id) => twins.save(id),
    clean(samples) {
      const errors: (RefusalInfo | undefined)[] = new Array(samples.length).fill(undefined);
      const rows = samples.map((sample) => sample.values);
      const times = samples.map((sample) => sample.ts);
      const isOne = samples.length === 1;
      let sequence = isOne ? onlyOne : samples.map((_, i) => i);
      if (order === "sort" && !isOne) sequence = inOrderOfTime(sequence, times);
      const byTwin = isOne ? [onlyOne] : indexesByTwin(samples, sequence);
      if (features.length > 0)
        rows.forEach((row, i) => {
          errors[i] = nameTaken(features, row);
        });
      if (order === "drop" || duplicates !== "none")
        for (const indexes of byTwin) {
          const twin = twins.of(samples[indexes[0]!]!.id);
          if (order === "drop") dropUnordered(samples, times, indexes, twin, errors);
          if (duplicates !== "none") dropRepeats(samples, indexes, twin, errors, { duplicates, keep }, keyOf);
        }
      const groups = byTwin.map((indexes) => groupOf(samples[indexes[0]!]!.id, indexes, samples));
      const { outs, touches } = cleanRows(rules, { rows, errors, times, groups, whole: false, categories });
      const cleaned = samples.slice();
      outs.forEach((values, i) => {
        if (values !== undefined) cleaned[i] = { ...samples[i]!, values: values as Values };
      });
      markCells(samples, cleaned, touches);
      const onGrid = resample && toGrid(groups, cleaned, errors);
      trace?.({ items: samples, outs, errors, touches });
      if (stateful)
        for (const { rows } of groups) {
          twins.of(samples[rows[0]!]!.id);
          twins.took(rows.length);
        }

      const report = reportOf(rows, outs, errors, touches, false, labelsOf(rules, categories));
      const dropped: Dropped<Sample>[] = [];
      if (report.rows.dropped > 0)
        errors.forEach((error, i) => {
          if (error) dropped.push({ row: samples[i]!, error: isOne ? error : { ...error, index: i } });
        });
      if (onGrid) {
        report.grid = onGrid.grid;
        report.rows.out = onGrid.points.length;
        return { samples: features.length > 0 ? withFeatures(onGrid.points) : onGrid.points, dropped, report };
      }
      const from = report.rows.dropped > 0 ? sequence.filter((i) => errors[i] === undefined) : sequence;
      const left = order === "sort" || report.rows.dropped > 0 ? from.map((i) => cleaned[i]!) : cleaned;
      return { samples: features.length > 0 ? withFeatures(left) : left, from, dropped, report };
    },
  };
}

/** The places of a message of one sample. */
const onlyOne = [0];

function indexesByTwin(samples: readonly Sample[], sequence: readonly number[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const i of sequence) {
    const { id } = samples[i]!;
    const group = groups.get(id);
    if (group) group.push(i);
    else groups.set(id, [i]);
  }
  return [...groups.values()];
}

/** What each says, as a short key; a second one that says the same has another. */
function keysOf(items: readonly unknown[]): string[] {
  const times = new Map<string, number>();
  return items.map((item) => {
    const key = fingerprintOf([JSON.stringify(item)]).slice(0, 16);
    const before = times.get(key) ?? 0;
    times.set(key, before + 1);
    return before === 0 ? key : `${key}-${before}`;
  });
}
