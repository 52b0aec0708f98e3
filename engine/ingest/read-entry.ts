import { quote, type RefusalInfo, refuse } from "../contract/errors";
import { idHint, isTwinId } from "../contract/identity";
import { isMissing, type Quality, type Sample, type Scalar, type Values } from "../contract/messages";
import type { TwinModel } from "../contract/model";
import { checkValues } from "../twin/check-values";
import { type ArrivalClock, createArrivalClock } from "./arrival-clock";
import { createCalibrationCheck } from "./calibration";
import { flatten } from "./flatten";
import { defaultLimits, type IngestLimits } from "./limits";
import { type Origin, topicLevel } from "./origin";
import { isPlainObject, lookUp } from "./path";
import { readTime } from "./read-time";

export interface EntryRules {
  id: Origin;
  ts: Origin;
  seq: Origin;
  /** `payload` with a path, or with none for the payload itself. */
  values: Origin;
  model?: TwinModel;
  /** @default {@link defaultLimits} */
  limits?: IngestLimits;
  /** Stamps what brings no time of its own. @default a clock of its own */
  stampArrival?: ArrivalClock;
}

/** What is known of a message besides its payload. */
export interface Arrival {
  topic?: string;
  /** Arrival, ms since 1970-01-01 UTC. */
  now: number;
  /** For `msg:<path>`. */
  msg?: Record<string, unknown>;
  /** Values stand as text, as in CSV. */
  fromText?: boolean;
  /** Rows that the format itself refuses, by index. */
  faults?: ReadonlyMap<number, RefusalInfo>;
  /** The entry comes from a node of this flow, which may also say its model and whether it is historical. */
  trusted?: boolean;
}

export type EntryResult = { sample: Sample } | { error: RefusalInfo };
export type EntryReader = (row: Record<string, unknown>, arrival: Arrival, isEntry: boolean) => EntryResult;

/** An entry of a batch as the contract has it: `{ id, ts?, seq?, values, quality?, raw? }`. */
export const isBatchEntry = (row: Record<string, unknown>): boolean =>
  typeof row.id === "string" && isPlainObject(row.values);

/** Makes the reader of one object of a payload: a batch entry, or a plain object to which the rules apply. */
export function createEntryReader(rules: EntryRules): EntryReader {
  const { model, limits = defaultLimits } = rules;
  const markCalibration = createCalibrationCheck(model);
  const stampArrival = rules.stampArrival ?? createArrivalClock();
  const valuesPath = rules.values.from === "payload" ? rules.values.path : [];
  // With values from the payload itself, what says id, time and sequence is no property.
  const leaveOut = valuesPath.length > 0 ? [] : [rules.id, rules.ts, rules.seq].flatMap(payloadPath);

  return (row, arrival, isEntry) => {
    const id = isEntry ? entryId(row.id) : readId(rules.id, row, arrival);
    if (typeof id === "object") return { error: id };
    const result = readValues(id, row, arrival, isEntry);
    return "error" in result ? { error: { ...result.error, twin: id } } : result;
  };

  function readValues(idText: string, row: Record<string, unknown>, arrival: Arrival, isEntry: boolean): EntryResult {
    const time = timeOf(rules.ts, row, arrival, isEntry);
    if (typeof time === "object") return { error: time };

    const given = isEntry ? row.values : valuesPath.length === 0 ? row : lookUp(row, valuesPath);
    if (!isPlainObject(given))
      return {
        error: refuse(
          "bad-payload",
          `valuesFrom "payload:${valuesPath.join(".")}": the payload has ${quote(given)} there.`,
          "It must be an object of properties.",
        ),
      };
    const flattened = flatten(given, isEntry ? [] : leaveOut, limits);
    if ("error" in flattened) return flattened;
    const checked = checkValues(model, flattened.flat, {
      fromText: arrival.fromText && !isEntry,
      // A value that comes with its raw one was calibrated, or cleaned, before it came here.
      calibrateAllBut: isEntry && isPlainObject(row.raw) ? row.raw : {},
    });
    if ("error" in checked) return { error: explainArray(checked.error, flattened.flat) };
    const { values } = checked;
    if (isEmpty(flattened.flat))
      return {
        error: refuse(
          "bad-payload",
          "The sample has no properties.",
          'Send at least one, such as {"temperature": 25}.',
        ),
      };

    const ts = time ?? stampArrival(idText, arrival.now);
    const sample: Sample = { id: idText, ts, values };
    if (checked.raw) sample.raw = checked.raw;
    const seq = seqOf(rules.seq, row, arrival, isEntry);
    if (typeof seq === "object") return { error: seq };
    if (seq !== undefined) sample.seq = seq;
    if (model) sample.model = model.model;
    if (isEntry) {
      const error = copyDetails(row, sample, arrival.trusted === true);
      if (error) return { error };
    }
    if (markCalibration) {
      const quality = markCalibration(values, ts, sample.quality);
      if (quality) sample.quality = quality;
    }
    return { sample };
  }
}

const asId = (id: unknown): unknown => (typeof id === "number" && Number.isSafeInteger(id) ? String(id) : id);

/** The twin that a payload is of, by the setting `idFrom`. */
export function readId(origin: Origin, row: Record<string, unknown>, arrival: Arrival): string | RefusalInfo {
  const given = find(origin, row, arrival);
  const id = asId(given);
  return isTwinId(id) ? id : missingId(origin, given, arrival);
}

function entryId(given: unknown): string | RefusalInfo {
  const id = asId(given);
  return isTwinId(id) ? id : badId("id", given);
}

function isEmpty(values: Record<string, unknown>): boolean {
  for (const _name in values) return false;
  return true;
}

const payloadPath = (origin: Origin): string[] => (origin.from === "payload" ? [origin.path.join(".")] : []);

function find(origin: Origin, row: Record<string, unknown>, arrival: Arrival): unknown {
  switch (origin.from) {
    case "topic":
      return arrival.topic === undefined ? undefined : topicLevel(arrival.topic, origin.level);
    case "payload":
      return lookUp(row, origin.path);
    case "msg":
      return lookUp(arrival.msg, origin.path);
    case "const":
      return origin.value;
    default:
      return undefined;
  }
}

const badId = (where: string, id: unknown): RefusalInfo => refuse("bad-id", `${where} is ${quote(id)}.`, idHint);

/** Says where the id was looked for, and how to look elsewhere. */
function missingId(origin: Origin, id: unknown, { topic }: Arrival): RefusalInfo {
  const setting = originText(origin);
  if (id !== undefined && id !== "")
    return { ...badId("The twin's id", id), hint: `${idHint} idFrom is "${setting}".` };
  if (origin.from !== "topic")
    return refuse(
      "bad-id",
      `idFrom "${setting}": nothing is there.`,
      "Send the twin's id there, or set idFrom otherwise.",
    );
  return topic === undefined || topic === ""
    ? refuse(
        "bad-id",
        `idFrom "${setting}": the message has no topic.`,
        "Set msg.topic to the twin's id, or set idFrom to payload:<path> or const:<id>.",
      )
    : refuse(
        "bad-id",
        `idFrom "${setting}": the topic ${quote(topic)} has nothing at that level.`,
        "Set idFrom to another level, such as topic:1, or to payload:<path> or const:<id>.",
      );
}

function originText(origin: Origin): string {
  if (origin.from === "topic") return `topic:${origin.level}`;
  return "path" in origin ? `${origin.from}:${origin.path.join(".")}` : origin.from;
}

/** The time that the row brings; undefined where that of its arrival counts. */
function timeOf(
  origin: Origin,
  row: Record<string, unknown>,
  arrival: Arrival,
  isEntry: boolean,
): number | undefined | RefusalInfo {
  if (isEntry ? row.ts === undefined : origin.from === "arrival" || origin.from === "nothing") return undefined;
  const given = isEntry ? row.ts : find(origin, row, arrival);
  const time = readTime(given);
  if (typeof time === "number") return time;
  const where = isEntry ? "ts" : `tsFrom "${originText(origin)}"`;
  return isMissing(given)
    ? refuse("bad-time", `${where}: nothing is there.`, "Send the time there, or set tsFrom to arrival.")
    : refuse("bad-time", `${where}: ${time.message}`, time.hint);
}

/** A sequence number is optional: none is no fault, a wrong one is. */
function seqOf(
  origin: Origin,
  row: Record<string, unknown>,
  arrival: Arrival,
  isEntry: boolean,
): number | undefined | RefusalInfo {
  const given = isEntry ? row.seq : find(origin, row, arrival);
  if (isMissing(given)) return undefined;
  const seq = typeof given === "string" && /^\d{1,16}$/.test(given.trim()) ? Number(given) : given;
  if (typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 0) return seq;
  const where = isEntry ? "seq" : `seqFrom "${originText(origin)}"`;
  return refuse(
    "wrong-type",
    `${where} is ${quote(given)}, but must be a whole number from 0.`,
    "Send a counter, or none.",
  );
}

const qualities: readonly unknown[] = ["good", "uncertain", "bad"] satisfies Quality[];

/** Takes over what an entry says besides its values, for the properties that it has. */
function copyDetails(row: Record<string, unknown>, sample: Sample, trusted: boolean): RefusalInfo | undefined {
  const names = Object.keys(sample.values);
  if (isPlainObject(row.quality)) {
    const quality: Record<string, Quality> = {};
    for (const name of names) {
      const given = Object.hasOwn(row.quality, name) ? row.quality[name] : "good";
      if (!qualities.includes(given))
        return refuse("wrong-type", `The quality of ${name} is ${quote(given)}.`, "Use good, uncertain or bad.", {
          property: name,
        });
      if (given !== "good") quality[name] = given as Quality;
    }
    if (Object.keys(quality).length > 0) sample.quality = quality;
  }
  if (isPlainObject(row.raw)) {
    const raw: Values = {};
    for (const name of names)
      if (Object.hasOwn(row.raw, name) && isScalar(row.raw[name])) raw[name] = row.raw[name] as Scalar;
    if (Object.keys(raw).length > 0) sample.raw = { ...sample.raw, ...raw };
  }
  if (!trusted) return undefined;
  if (typeof row.model === "string" && sample.model === undefined) sample.model = row.model;
  if (row.historical === true) sample.historical = true;
  if (row.retained === true) sample.retained = true;
  if (row.transient === true) sample.transient = true;
  return undefined;
}

const isScalar = (value: unknown): boolean =>
  value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);

/** An array among the values is a common mistake: say what to do instead. */
function explainArray(error: RefusalInfo, values: Record<string, unknown>): RefusalInfo {
  const { property } = error;
  if (error.code !== "wrong-type" || property === undefined || !Array.isArray(values[property])) return error;
  return {
    ...error,
    hint: "A property holds one value: send several readings as an array of samples, or give each element a name of its own.",
  };
}
