import type { RefusalInfo } from "../contract/errors";
import { isPropertyName, isTwinId } from "../contract/identity";
import { isMissing, type Sample, type Values } from "../contract/messages";
import type { CleaningTrace } from "./cleaning-trace";
import { change } from "./lane";
import { expectationOf, type Habit, newHabit, relearn } from "./quality-habit";

/** What happened to the values of one property of one twin, in the present period. */
interface Counter extends Habit {
  /** Values that came: a reading, and not refused for its own sake. */
  received: number;
  /** Samples that were refused because of this property, here or before. */
  refused: number;
  /** Of these, those refused before: they are not among the twin's samples. */
  refusedBefore: number;
  filled: number;
  outliers: number;
  outOfRange: number;
  clamped: number;
  tooFast: number;
  stuck: number;
}

interface Twin {
  samples: number;
  refused: number;
  /** Samples since the habits of its properties were last learned. */
  sinceLearned: number;
  properties: Map<string, Counter>;
}

/** What a period says of one twin: `id` is that of the twin of its quality. */
export interface QualityReport {
  id: string;
  values: Values;
}

export interface QualityOptions {
  /** Properties counted, of all twins together. Beyond that the twin not heard of for longest is forgotten. @default 50000 */
  maxCounters?: number;
  /** Twins counted. @default 10000 */
  maxTwins?: number;
}

/** Counts, per twin and property, how good its data are: see docs/cleaning.md, "Quality". Memory is bounded in twins and properties. */
export interface QualityCounts {
  /** What a cleaner did with these samples: its `trace`. */
  add(trace: CleaningTrace<Sample>): void;
  /** A sample that was refused before it came here. */
  refused(id: string, error: RefusalInfo): void;
  /** What was counted since the last call, of twins that were heard of. A new period begins. */
  take(): QualityReport[];
  readonly twins: number;
  readonly counters: number;
}

/** Twin `press-6` has its quality under `press-6:quality`. */
export const qualityIdOf = (id: string): string => `${id}:quality`;

const missed = change.filled | change.stillMissing;

export function createQualityCounts({ maxCounters = 50_000, maxTwins = 10_000 }: QualityOptions = {}): QualityCounts {
  const twins = new Map<string, Twin>();
  let counters = 0;
  let lastId: string | undefined;
  let lastTwin: Twin | undefined;

  function twinOf(id: string): Twin {
    if (id === lastId) return lastTwin!;
    let twin = twins.get(id);
    if (!twin) twin = { samples: 0, refused: 0, sinceLearned: 0, properties: new Map() };
    else if (isQuiet(twin)) twins.delete(id);
    // The order of the map is that in which twins were first heard of in this period: what is first is the oldest.
    twins.set(id, twin);
    lastId = id;
    lastTwin = twin;
    while (twins.size > maxTwins) forgetOldest(twin);
    return twin;
  }

  function forgetOldest(but: Twin): boolean {
    for (const [id, twin] of twins) {
      if (twin === but) continue;
      twins.delete(id);
      counters -= twin.properties.size;
      return true;
    }
    return false;
  }

  /** Undefined for one twin that alone has more properties than are counted. */
  function counterOf(twin: Twin, property: string): Counter | undefined {
    const known = twin.properties.get(property);
    if (known) return known;
    while (counters >= maxCounters) if (!forgetOldest(twin)) return undefined;
    const counter = newCounter();
    twin.properties.set(property, counter);
    counters++;
    return counter;
  }

  function came(sample: Sample, error: RefusalInfo | undefined): void {
    const twin = twinOf(sample.id);
    if (error) twin.refused++;
    // A repeat, or one that came too late, says nothing of the sensors.
    if (error && error.property === undefined) return;
    twin.samples++;
    const { values } = sample;
    for (const property in values) {
      const counter = counterOf(twin, property);
      if (!counter) continue;
      counter.spoke++;
      if (!isMissing(values[property])) counter.received++;
    }
    if (error?.property === undefined) return;
    const counter = counterOf(twin, error.property);
    if (!counter) return;
    counter.refused++;
    if (!Object.hasOwn(values, error.property)) counter.spoke++;
    else if (!isMissing(values[error.property])) counter.received--;
  }

  return {
    add({ items: samples, errors, touches }) {
      for (let i = 0; i < samples.length; i++) came(samples[i]!, errors[i]);
      for (const { property, rows, flags } of touches)
        for (let i = 0; i < flags.length; i++) {
          const bits = flags[i]!;
          const index = rows[i]!;
          // What was done to a sample that is dropped in the end does not count: it leaves as it came.
          if (bits === 0 || errors[index]) continue;
          const { id, values } = samples[index]!;
          const counter = counterOf(twinOf(id), property);
          if (!counter) continue;
          if (!Object.hasOwn(values, property)) {
            // A rule that names the property misses it.
            if (bits & missed) counter.spoke++;
          } else if (bits & change.sentinel) counter.received--;
          if (bits & change.filled) counter.filled++;
          if (bits & (change.outlier | change.replaced)) counter.outliers++;
          if (bits & change.outOfRange) counter.outOfRange++;
          if (bits & change.clamped) counter.clamped++;
          if (bits & change.tooFast) counter.tooFast++;
          if (bits & change.stuck) counter.stuck++;
        }
    },
    refused(id, { code, property }) {
      const twin = twinOf(id);
      twin.refused++;
      // A property that does not exist has no quality; and its name is whatever somebody sent.
      if (property === undefined || code === "unknown-property") return;
      const counter = counterOf(twin, property);
      if (!counter) return;
      counter.refused++;
      counter.refusedBefore++;
    },
    take() {
      const reports: QualityReport[] = [];
      lastId = undefined;
      for (const [id, twin] of twins) {
        if (isQuiet(twin)) continue;
        const before = twin.properties.size;
        const report = reportOf(id, twin);
        counters -= before - twin.properties.size;
        if (report) reports.push(report);
      }
      return reports;
    },
    get twins() {
      return twins.size;
    },
    get counters() {
      return counters;
    },
  };
}

const isQuiet = ({ samples, refused }: Twin): boolean => samples === 0 && refused === 0;

/** Names what was counted, and begins the twin's next period. Undefined where the name of its quality would be no twin's. */
function reportOf(id: string, twin: Twin): QualityReport | undefined {
  const values: Values = { samples: twin.samples };
  if (twin.refused > 0) values.refused = twin.refused;
  let allExpected = 0;
  let allReceived = 0;
  for (const [property, counter] of twin.properties) {
    const expected = expectationOf(counter, twin.samples) + counter.refusedBefore;
    const received = Math.min(counter.received, expected);
    allExpected += expected;
    allReceived += received;
    const name = (what: string): string => `${property}.${what}`;
    if (expected > 0 && isPropertyName(name("completeness"))) {
      values[name("expected")] = expected;
      values[name("received")] = received;
      values[name("completeness")] = share(received, expected);
      const missing = expected - received - counter.refused;
      const rare = { missing: Math.max(0, missing), ...pick(counter) };
      for (const [what, count] of Object.entries(rare)) if (count > 0) values[name(what)] = count;
    }
    begin(counter);
  }
  if (allExpected > 0) {
    values.expected = allExpected;
    values.received = allReceived;
    values.completeness = share(allReceived, allExpected);
  }
  twin.sinceLearned = relearn(twin.properties, twin.samples, twin.sinceLearned);
  twin.samples = 0;
  twin.refused = 0;
  const qualityId = qualityIdOf(id);
  return isTwinId(qualityId) ? { id: qualityId, values } : undefined;
}

const pick = ({ refused, filled, outliers, outOfRange, clamped, tooFast, stuck }: Counter) => ({
  refused,
  filled,
  outliers,
  outOfRange,
  clamped,
  tooFast,
  stuck,
});

/** Four digits say as much as the counts of a period can. */
const share = (part: number, whole: number): number => Math.round((10_000 * part) / whole) / 10_000;

const newCounter = (): Counter => begin({ ...newHabit() } as Counter);

function begin(counter: Counter): Counter {
  counter.received = 0;
  counter.refused = 0;
  counter.refusedBefore = 0;
  counter.filled = 0;
  counter.outliers = 0;
  counter.outOfRange = 0;
  counter.clamped = 0;
  counter.tooFast = 0;
  counter.stuck = 0;
  return counter;
}
