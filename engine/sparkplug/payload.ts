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

const typeNames = new Map<number, string>(Object.entries(dataTypes).map(([name, number]) => [number, name]));

export const typeName = (datatype: number): string => typeNames.get(datatype) ?? `type ${datatype}`;

const signedBits: Record<number, number> = { 1: 8, 2: 16, 3: 32, 4: 64 };
const unsignedBits: Record<number, number> = { 5: 8, 6: 16, 7: 32, 8: 64 };

/**
 * The number, text or truth that a raw value of that type means (6.4.16); null for a float that is no number. Undefined: the
 * type holds no single value, the value is not of the type, or a number that a double does not have.
 */
export function scalarOf(raw: RawValue, datatype: number): number | string | boolean | null | undefined {
  const signed = signedBits[datatype];
  const unsigned = unsignedBits[datatype];
  if (signed || unsigned || datatype === dataTypes.DateTime) {
    if (typeof raw !== "bigint" && !Number.isInteger(raw)) return undefined;
    const whole = BigInt(raw as number | bigint);
    const number = Number(signed ? BigInt.asIntN(signed, whole) : BigInt.asUintN(unsigned ?? 64, whole));
    return Number.isSafeInteger(number) ? number : undefined;
  }
  switch (datatype) {
    case dataTypes.Float:
    case dataTypes.Double:
      return typeof raw !== "number" ? undefined : Number.isFinite(raw) ? raw : null;
    case dataTypes.Boolean:
      return typeof raw === "boolean" ? raw : undefined;
    case dataTypes.String:
    case dataTypes.Text:
    case dataTypes.UUID:
      return typeof raw === "string" ? raw : undefined;
    default:
      return undefined;
  }
}
