import { createRequire } from "node:module";
import { Refusal, refuse } from "../../engine/contract/errors";
import { own } from "../../engine/contract/own";
import { defaultLimits } from "../../engine/ingest/limits";
import type { Metric, RawValue, SparkplugPayload } from "../../engine/sparkplug/payload";
import { tooLarge } from "./read-text";

/** What protobufjs makes of the fields; those that were not sent are not the message's own. */
type Fields = Record<string, unknown>;

interface Codec {
  decode(bytes: Uint8Array): Fields;
}

// Loaded when a node speaks Sparkplug, not with every start: it takes some 40 ms. The raw message, because decodePayload()
// needs a data type in every metric, and data that follows a birth need not repeat it.
let codec: Codec | undefined;
function codecOf(): Codec {
  codec ??= createRequire(__filename)("sparkplug-payload/lib/sparkplugPayloadProto").org.eclipse.tahu.protobuf
    .Payload as Codec;
  return codec;
}

/** Decodes a Sparkplug B payload (Eclipse Sparkplug 3.0.0, 6.4), or says why not. */
export function decodeSparkplug(bytes: Uint8Array): SparkplugPayload | Refusal {
  if (bytes.length > defaultLimits.maxBytes) return new Refusal(tooLarge(bytes.length));
  let fields: Fields;
  try {
    fields = codecOf().decode(bytes);
  } catch (error) {
    return new Refusal(
      refuse(
        "bad-payload",
        `The payload is not a whole Sparkplug B message: ${String((error as Error).message).slice(0, 100)}.`,
        "Send protobuf as the Sparkplug specification says, and nothing else below spBv1.0/.",
      ),
    );
  }
  const metrics = own(fields, "metrics") as Fields[] | undefined;
  return {
    ...numberField("timestamp", fields),
    ...numberField("seq", fields),
    metrics: (metrics ?? []).map(readMetric),
  };
}

function readMetric(fields: Fields): Metric {
  const value = readValue(fields);
  const name = own(fields, "name");
  return {
    ...(typeof name === "string" && { name }),
    ...numberField("alias", fields),
    ...numberField("timestamp", fields),
    ...numberField("datatype", fields),
    ...(value !== undefined && { value }),
    isNull: own(fields, "isNull") === true,
    isHistorical: own(fields, "isHistorical") === true,
    isTransient: own(fields, "isTransient") === true,
    properties: readProperties(own(fields, "properties")),
  };
}

const valueFields = ["intValue", "longValue", "floatValue", "doubleValue", "booleanValue", "stringValue"];

function readValue(fields: Fields): RawValue | undefined {
  for (const field of valueFields) {
    const value = own(fields, field);
    if (value !== undefined && value !== null) return wholeOf(value) ?? (value as RawValue);
  }
  return undefined;
}

function readProperties(given: unknown): Metric["properties"] {
  const properties: Metric["properties"] = {};
  if (typeof given !== "object" || given === null) return properties;
  const { keys = [], values = [] } = given as { keys?: string[]; values?: Fields[] };
  for (const [index, key] of keys.entries()) {
    const value = values[index] && readValue(values[index]);
    if (value !== undefined && key !== "__proto__") properties[key] = value;
  }
  return properties;
}

/** A 64-bit number of the library `long`. */
function wholeOf(value: unknown): bigint | undefined {
  if (typeof value !== "object" || value === null || !("low" in value && "high" in value)) return undefined;
  const { low, high } = value as { low: number; high: number };
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function numberField<Name extends string>(name: Name, fields: Fields): Partial<Record<Name, number>> {
  const value = own(fields, name);
  if (value === undefined || value === null) return {};
  return { [name]: Number(wholeOf(value) ?? value) } as Partial<Record<Name, number>>;
}
