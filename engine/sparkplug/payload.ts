/** Data types of the Eclipse Sparkplug 3.0.0 specification, 6.4.16, by their numbers. */
export const dataTypes = {
  Int8: 1,
  Int16: 2,
  Int32: 3,
  Int64: 4,
  UInt8: 5,
  UInt16: 6,
  UInt32: 7,
  UInt64: 8,
  Float: 9,
  Double: 10,
  Boolean: 11,
  String: 12,
  DateTime: 13,
  Text: 14,
  UUID: 15,
} as const;

/** What stands in a metric's value field. Whole numbers are as on the wire: unsigned. */
export type RawValue = number | bigint | boolean | string;

/** A metric as it was sent: 6.4.6. */
export interface Metric {
  name?: string;
  alias?: number;
  /** Milliseconds since 1970-01-01 UTC. */
  timestamp?: number;
  datatype?: number;
  /** Undefined: null, or of a kind that is no single value (a data set, a template, bytes). */
  value?: RawValue;
  isNull: boolean;
  isHistorical: boolean;
  isTransient: boolean;
  /** Properties that are single values, by name. */
  properties: Record<string, RawValue>;
}

/** A payload as it was sent: 6.4.4. */
export interface SparkplugPayload {
  timestamp?: number;
  seq?: number;
  metrics: Metric[];
}

/** Whether a metric is one by which an edge node or device is commanded, or its session told: no property of a twin. */
export const isControl = (name: string): boolean => /^(Node Control|Device Control)\/|^bdSeq$/.test(name);

const typeNames = new Map<number, string>(Object.entries(dataTypes).map(([name, number]) => [number, name]));

export const typeName = (datatype: number): string => typeNames.get(datatype) ?? `type ${datatype}`;

/** Whole numbers: how many bits, and whether the first is a sign. A time is one, in milliseconds since 1970-01-01 UTC. */
const wholes: Record<number, { bits: number; signed: boolean }> = {
  [dataTypes.Int8]: { bits: 8, signed: true },
  [dataTypes.Int16]: { bits: 16, signed: true },
  [dataTypes.Int32]: { bits: 32, signed: true },
  [dataTypes.Int64]: { bits: 64, signed: true },
  [dataTypes.UInt8]: { bits: 8, signed: false },
  [dataTypes.UInt16]: { bits: 16, signed: false },
  [dataTypes.UInt32]: { bits: 32, signed: false },
  [dataTypes.UInt64]: { bits: 64, signed: false },
  [dataTypes.DateTime]: { bits: 64, signed: false },
};

export type ValueKind = "integer" | "number" | "boolean" | "string";

const otherKinds: Record<number, ValueKind> = {
  [dataTypes.Float]: "number",
  [dataTypes.Double]: "number",
  [dataTypes.Boolean]: "boolean",
  [dataTypes.String]: "string",
  [dataTypes.Text]: "string",
  [dataTypes.UUID]: "string",
};

/** What a value of that type is. Undefined: no single value, such as a data set, a template or bytes. */
export const kindOf = (datatype: number): ValueKind | undefined =>
  wholes[datatype] ? "integer" : otherKinds[datatype];

/** Whether the type has that whole number, and a double has it. */
export function hasWhole(value: number, datatype: number): boolean {
  const whole = wholes[datatype];
  if (!whole || !Number.isSafeInteger(value)) return false;
  const bits = whole.signed ? whole.bits - 1 : whole.bits;
  return value < 2 ** bits && value >= (whole.signed ? -(2 ** bits) : 0);
}

/**
 * The number, text or truth that a raw value of that type means (6.4.16); null for a float that is no number. Undefined: the
 * type holds no single value, the value is not of the type, or a number that a double does not have.
 */
export function scalarOf(raw: RawValue, datatype: number): number | string | boolean | null | undefined {
  const whole = wholes[datatype];
  if (whole) {
    if (typeof raw !== "bigint" && !Number.isInteger(raw)) return undefined;
    const { bits, signed } = whole;
    const number = Number((signed ? BigInt.asIntN : BigInt.asUintN)(bits, BigInt(raw as number | bigint)));
    return Number.isSafeInteger(number) ? number : undefined;
  }
  if (typeof raw !== otherKinds[datatype]) return undefined;
  return typeof raw === "number" && !Number.isFinite(raw) ? null : (raw as number | string | boolean);
}
