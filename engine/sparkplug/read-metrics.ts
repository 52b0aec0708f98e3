import { quote, type RefusalInfo, refuse } from "../contract/errors";
import type { Quality, Scalar } from "../contract/messages";
import { readTime } from "../ingest/read-time";
import { isControl, type Metric, type SparkplugPayload, scalarOf, typeName } from "./payload";
import type { Owner } from "./topic";

/** What a birth certificate says of a metric. */
export interface BirthMetric {
  name: string;
  datatype: number;
  /** Such as `engUnit`, `engLow` and `engHigh`. */
  properties: Metric["properties"];
}

/** An edge node, or a device of one, since its last birth. */
export interface Born {
  topic: Owner;
  byName: Map<string, BirthMetric>;
  byAlias: Map<number, BirthMetric>;
}

/** What was true of a twin at one time. */
export interface MetricRow {
  id: string;
  ts: number;
  values: Record<string, Scalar>;
  quality?: Record<string, Quality>;
  historical?: boolean;
  transient?: boolean;
}

export interface MetricFault {
  row: unknown;
  error: RefusalInfo;
}

/** The metrics of a payload as rows, the earliest first, one for each time that they have; and those that cannot be taken. */
export function readMetrics(
  born: Born,
  payload: SparkplugPayload,
  id: string,
  now: number,
): { rows: MetricRow[]; faults: MetricFault[] } {
  const rows = new Map<string, MetricRow>();
  const faults: MetricFault[] = [];
  for (const [index, metric] of payload.metrics.entries()) {
    const spec = metric.name === undefined ? ofAlias(born, metric.alias) : born.byName.get(metric.name);
    const where = spec?.name ?? metric.name ?? `alias ${metric.alias}`;
    if (isControl(where)) continue;
    const ts = metric.timestamp === undefined ? timeOf(payload, now) : readTime(metric.timestamp);
    const read = readMetric(metric, spec, where, ts, id);
    if ("code" in read) {
      const value = typeof metric.value === "bigint" ? String(metric.value) : (metric.value ?? null);
      faults.push({ row: { id, metric: where, value }, error: { ...read, twin: id, property: where, index } });
      continue;
    }
    const key = `${ts} ${metric.isHistorical} ${metric.isTransient}`;
    const row = rows.get(key) ?? { id, ts: ts as number, values: {} };
    rows.set(key, row);
    if (metric.isHistorical) row.historical = true;
    if (metric.isTransient) row.transient = true;
    row.values[where] = read.value;
    const quality = qualityOf(metric);
    if (quality !== "good") {
      row.quality ??= {};
      row.quality[where] = quality;
    }
  }
  return { rows: [...rows.values()].sort((a, b) => a.ts - b.ts), faults };
}

const ofAlias = ({ byAlias }: Born, alias: number | undefined): BirthMetric | undefined =>
  alias === undefined ? undefined : byAlias.get(alias);

function readMetric(
  { isNull, value: raw, datatype: said = 0 }: Metric,
  spec: BirthMetric | undefined,
  where: string,
  ts: ReturnType<typeof readTime>,
  id: string,
): { value: Scalar } | RefusalInfo {
  if (!spec)
    return refuse(
      "unknown-property",
      `${quote(where)} is no metric of the birth of ${id}.`,
      "Every metric has to stand there.",
    );
  if (typeof ts === "object") return refuse("bad-time", `The time of ${quote(where)}: ${ts.message}`, ts.hint);
  const datatype = said || spec.datatype;
  const value = isNull ? null : raw === undefined ? undefined : scalarOf(raw, datatype);
  return value === undefined
    ? refuse(
        "wrong-type",
        `${quote(where)} of ${typeName(datatype)} is no single value that a property can have.`,
        "Send numbers within 2^53, booleans, texts or times; data sets, templates, arrays and bytes are not taken.",
      )
    : { value };
}

/** The payload's own time, where it has one that can be. */
export function timeOf({ timestamp }: SparkplugPayload, now: number): number {
  const time = timestamp === undefined ? now : readTime(timestamp);
  return typeof time === "number" ? time : now;
}

/** 6.4.11: 0 is bad, 192 good, 500 stale. */
function qualityOf({ properties }: Metric): Quality {
  const code = Object.hasOwn(properties, "Quality") ? Number(properties.Quality) : 192;
  return code === 192 ? "good" : code === 0 ? "bad" : "uncertain";
}
