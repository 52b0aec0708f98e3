import { setImmediate as nextTurn } from "node:timers/promises";
import { Refusal, refuse } from "../../engine/contract/errors";
import { isTwinId } from "../../engine/contract/identity";
import { matchesPattern } from "../../engine/contract/matches-pattern";
import type { Table } from "../../engine/contract/messages";
import { type Answer, createAnswer, defaultMaxCells } from "../../engine/history/answer";
import { addWindows } from "../../engine/history/answer-query";
import type { StoredValue } from "../../engine/history/check-sample";
import type { WindowRow } from "../../engine/history/fill-windows";
import type { HistoryQuery } from "../../engine/history/history-query";
import {
  type FieldKinds,
  fieldKindsOf,
  type Select,
  selectSamples,
  selectWindows,
  showFieldKeys,
  showIds,
} from "../../engine/history/influxql";
import { cancelled, defaultQueryTimeoutMs, type QueryOptions, timedOut } from "./history";
import type { InfluxClient, Series } from "./influx-client";

/** Cells of one request: what the event loop can parse in some ms. */
const cellsPerRequest = 25_000;
const idsPerRequest = 50;
/** Rows between two turns of the event loop. */
const rowsPerTurn = 2000;
const maxAtOnce = 200;

/** Answers questions from InfluxDB in pieces that do not hold up the event loop, aggregated by the server. */
export function createInfluxQueries(client: InfluxClient, measurement: string) {
  let running = 0;

  async function answer(query: HistoryQuery, maxCells: number, signal: AbortSignal): Promise<Table> {
    const collected = createAnswer(query, maxCells);
    const [keys] = await client.select(showFieldKeys(measurement), signal);
    const kinds = fieldKindsOf((keys?.values ?? []) as [unknown, unknown][]);
    if (query.aggregate === "none") await readSamples(query, kinds, collected, maxCells, signal);
    else await readWindows(query, kinds, collected, signal);
    const rows: Table = [];
    for (const chunk of collected.chunks()) {
      for (const row of chunk) rows.push(row);
      await nextTurn();
    }
    return rows;
  }

  /** Page after page, each beginning at the last instant of the one before, which may have been cut in the middle. */
  async function readSamples(
    query: HistoryQuery,
    kinds: FieldKinds,
    collected: Answer,
    maxCells: number,
    signal: AbortSignal,
  ): Promise<void> {
    let { start } = query;
    let factor = 1;
    for (;;) {
      const columns = (query.properties.length || kinds.size) + 2;
      const page = Math.max(1, Math.floor(cellsPerRequest / columns));
      // Twice the rows that are wanted: series that differ in their model alone share one.
      const enough = query.limit > 0 ? Math.min(page, 2 * query.limit + 10) : page;
      const limit = Math.min(enough * factor, maxCells + 1);
      const select = selectSamples(measurement, query, kinds, { start, limit });
      if (!select) return;
      const [series] = await client.select(select, signal);
      const values = series?.values ?? [];
      const isLast = values.length < limit;
      const lastTime = values.at(-1)?.[0] as number | undefined;
      const isCut = !isLast && values[0]?.[0] !== lastTime;
      if (!isLast && !isCut) {
        // One instant fills the page: a larger one is needed to get past it.
        if (limit > maxCells) throw tooManyTwins(maxCells);
        factor *= 2;
        continue;
      }
      addSamples(values, isCut ? lastTime : undefined, select, collected);
      if (isLast || (query.limit > 0 && collected.rowCount() >= query.limit)) return;
      start = lastTime as number;
      factor = 1;
      await nextTurn();
    }
  }

  async function readWindows(
    query: HistoryQuery,
    kinds: FieldKinds,
    collected: Answer,
    signal: AbortSignal,
  ): Promise<void> {
    const ids = await matchingIds(query.twin, signal);
    const columns = query.properties.length || Math.max(1, kinds.size);
    for (let from = 0; from < ids.length; from += idsPerRequest) {
      const part = ids.slice(from, from + idsPerRequest);
      const tracks = new Map<string, WindowRow[]>(part.map((id) => [id, []]));
      const limit = query.windowMs > 0 ? Math.max(1, Math.floor(cellsPerRequest / (columns * part.length))) : 1;
      let cells = 0;
      let start: number | undefined = query.start;
      while (start !== undefined) {
        const select = selectWindows(measurement, query, kinds, { ids: part, start, limit });
        if (!select) return;
        const page = await client.select(select, signal);
        start = nextStart(page, limit, query);
        for (const series of page) cells += addTrack(series, select, query, start, tracks);
        collected.reserve(cells, 1);
        await nextTurn();
      }
      let rows = 0;
      for (const [id, track] of tracks) {
        addWindows(id, track, query, collected);
        rows += track.length;
        if (rows > rowsPerTurn) {
          rows = 0;
          await nextTurn();
        }
      }
    }
  }

  async function matchingIds(twin: string, signal: AbortSignal): Promise<string[]> {
    if (!twin.includes("*")) return [twin];
    const [series] = await client.select(showIds(measurement), signal);
    const ids = (series?.values ?? []).map((row) => row[1]);
    return ids.filter((id): id is string => isTwinId(id) && matchesPattern(id, twin)).sort();
  }

  return {
    async query(query: HistoryQuery, options: QueryOptions = {}): Promise<Table> {
      if (running >= maxAtOnce)
        throw new Refusal(
          refuse("busy", `${running} questions are being answered.`, "Ask less often, or again later."),
        );
      const timeoutMs = options.timeoutMs ?? defaultQueryTimeoutMs;
      const given = new AbortController();
      const timer = setTimeout(() => given.abort(timedOut(timeoutMs)), timeoutMs);
      const onAbort = (): void => given.abort(cancelled());
      if (options.signal?.aborted) onAbort();
      options.signal?.addEventListener("abort", onAbort, { once: true });
      running++;
      try {
        given.signal.throwIfAborted();
        return await answer(query, options.maxCells ?? defaultMaxCells, given.signal);
      } finally {
        running--;
        clearTimeout(timer);
        options.signal?.removeEventListener("abort", onAbort);
      }
    },
  };
}

/** Rows of one page, but those at `except`. Series that differ in their model alone give one row. */
function addSamples(values: unknown[][], except: number | undefined, select: Select, collected: Answer): void {
  const atOnce = new Map<string, Record<string, StoredValue>>();
  let time = values[0]?.[0] as number;
  const flush = (): void => {
    for (const [id, cells] of atOnce) collected.add(id, time, cells);
    atOnce.clear();
  };
  for (const row of values) {
    if (row[0] === except) break;
    if (row[0] !== time) flush();
    time = row[0] as number;
    const id = row.at(-1);
    if (!isTwinId(id)) continue;
    const cells: Record<string, StoredValue> = atOnce.get(id) ?? Object.create(null);
    for (const [i, property] of select.properties.entries()) {
      const value = row[i + 1] as StoredValue | null;
      if (value !== null) cells[property] = value;
    }
    atOnce.set(id, cells);
  }
  flush();
}

/**
 * Where the next page begins; undefined when this was the last. InfluxDB may count a limit for each column on its own: up to
 * its n-th row a series is complete either way.
 */
function nextStart(page: Series[], limit: number, query: HistoryQuery): number | undefined {
  if (query.windowMs === 0) return undefined;
  let complete = Number.POSITIVE_INFINITY;
  for (const { values } of page)
    if (values.length >= limit) complete = Math.min(complete, values[limit - 1]![0] as number);
  const next = complete + query.windowMs;
  return next <= query.end ? next : undefined;
}

/** Puts a series' windows before `until` into its twin's track. Gives the number of values. */
function addTrack(
  series: Series,
  select: Select,
  query: HistoryQuery,
  until: number | undefined,
  tracks: Map<string, WindowRow[]>,
): number {
  const track = tracks.get(series.tags?.id ?? "");
  let cells = 0;
  for (const row of series.values) {
    const time = query.windowMs > 0 ? (row[0] as number) : query.start;
    if (!track || (until !== undefined && time >= until)) break;
    const values = new Map<string, StoredValue | null>();
    for (const [i, property] of select.properties.entries()) {
      const value = row[i + 1] as StoredValue | null;
      const known = values.get(property) ?? null;
      if (value !== null) cells++;
      // A property of several kinds has several columns.
      if (value === null || known === null) values.set(property, value ?? known);
      else if (query.aggregate === "count") values.set(property, (value as number) + (known as number));
    }
    track.push({ time, values });
  }
  return cells;
}

const tooManyTwins = (maxCells: number): Refusal =>
  new Refusal(
    refuse("too-large", `One instant has more than ${maxCells} rows.`, "Ask for fewer twins, or set a limit."),
  );
