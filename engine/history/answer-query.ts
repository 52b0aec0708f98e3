import type { Scalar, Values } from "../contract/messages";
import { type Accumulator, accumulatorsFor } from "./accumulator";
import type { Answer } from "./answer";
import type { StoredValue } from "./check-sample";
import { countWindows, fillWindows, type WindowRow, windowOf } from "./fill-windows";
import type { HistoryQuery } from "./history-query";

/** Where samples are read from, one twin after the other. */
export interface HistorySource {
  /** Ids of the twins that match, in order. */
  ids(): Iterable<string>;
  /** A twin's samples from start to end, both included, in order of time. */
  samples(id: string, start: number, end: number): Iterable<{ ts: number; values: Values }>;
}

/** Answers a question by streaming over the samples: memory grows with the answer, not with what is read. */
export function answerQuery(query: HistoryQuery, source: HistorySource, answer: Answer): void {
  for (const id of source.ids()) {
    if (query.aggregate === "none") selectSamples(id, query, source, answer);
    else addWindows(id, aggregateWindows(id, query, source, answer), query, answer);
  }
}

/** Puts one twin's windows into the answer, filled. */
export function addWindows(id: string, rows: WindowRow[], query: HistoryQuery, answer: Answer): void {
  if (rows.length > 0 && query.fill !== "none") {
    const names = new Set<string>();
    for (const { values } of rows) for (const name of values.keys()) names.add(name);
    answer.reserve(countWindows(query), names.size);
  }
  for (const { time, values } of fillWindows(rows, query)) answer.add(id, time, Object.fromEntries(values));
}

function selectSamples(id: string, query: HistoryQuery, source: HistorySource, answer: Answer): void {
  const { properties, limit } = query;
  let rows = 0;
  for (const { ts, values } of source.samples(id, query.start, Math.min(query.end, answer.horizon()))) {
    if (properties.length > 0 && !properties.some((name) => hasValue(values, name))) continue;
    answer.add(
      id,
      ts,
      (properties.length > 0 ? pick(values, properties) : values) as Record<string, StoredValue | null>,
    );
    if (limit > 0 && ++rows === limit) return;
  }
}

/** Only what is asked for is kept: a sample may have many more properties. */
const pick = (values: Values, names: readonly string[]): Values =>
  Object.fromEntries(names.filter((name) => hasValue(values, name)).map((name) => [name, values[name] as Scalar]));

const hasValue = (values: Values, name: string): boolean => Object.hasOwn(values, name) && values[name] !== null;

function aggregateWindows(id: string, query: HistoryQuery, source: HistorySource, answer: Answer): WindowRow[] {
  const { properties, windowMs, start, end } = query;
  const aggregate = query.aggregate as Exclude<HistoryQuery["aggregate"], "none">;
  let make = accumulatorsFor(aggregate);
  const wanted = properties.length > 0 ? new Set(properties) : undefined;
  const rows: WindowRow[] = [];
  let accumulators = new Map<string, Accumulator>();
  let time = start;

  function close(): void {
    if (accumulators.size === 0) return;
    const values = new Map<string, StoredValue | null>();
    for (const [name, accumulator] of accumulators) values.set(name, accumulator.result());
    rows.push({ time, values });
    accumulators = new Map();
    make = accumulatorsFor(aggregate);
    if (rows.length % 1000 === 0) answer.reserve(rows.length, values.size);
  }

  for (const { ts, values } of source.samples(id, start, end)) {
    const window = windowMs > 0 ? windowOf(ts, windowMs) : start;
    if (window !== time) {
      close();
      time = window;
    }
    for (const name in values) {
      const value = values[name];
      if (value === null || value === undefined || (wanted && !wanted.has(name))) continue;
      const known = accumulators.get(name);
      const accumulator = known ?? make();
      // A property whose values do not count, such as a text in a mean, has no cell.
      if (accumulator.add(value) && !known) accumulators.set(name, accumulator);
    }
  }
  close();
  return rows;
}
