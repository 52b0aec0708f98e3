import { Refusal, type RefusalInfo } from "../../../engine/contract/errors";
import type { Sample } from "../../../engine/contract/messages";
import { readHistoryQuery } from "../../../engine/history/history-query";
import { createPayloadReader } from "../../../engine/ingest/read-payload";
import type { InfluxHistory } from "../../../nodes/twin-history/influx";
import { readText } from "../../../nodes/twin-ingest/read-text";
import { createDice } from "../../support/dice";
import type { FaultRow } from "../fault-case";
import type { Arena } from "./10-hostile";
import { hostileString } from "./10-hostile-strings";

const roles = ["id", "property", "model", "text"] as const;
type Role = (typeof roles)[number];

/** Twins that take a hundred strings each: an answer has a column for each property. */
const perTwin = 100;
const twinOf = (role: Role, k: number): string => `${role}-${Math.floor(k / perTwin)}`;

/** The entry of a batch that carries string number `k` in that role. Its value is `k`, too. */
function entryOf(role: Role, text: string, k: number): Record<string, unknown> {
  const ts = 1000 + k;
  if (role === "id") return { id: text, ts, values: { n: k } };
  const id = twinOf(role, k);
  if (role === "property") return { id, ts, values: { [text]: k } };
  if (role === "model") return { id, ts, model: text, values: { n: k } };
  return { id, ts, values: { text } };
}

const read = createPayloadReader({
  id: { from: "topic", level: 0 },
  ts: { from: "arrival" },
  seq: { from: "nothing" },
  values: { from: "payload", path: [] },
});

/**
 * Each string in each role goes as bytes through the reading of twin-ingest and from there into the history. Then the server
 * is asked for everything that it has: exactly what was accepted, as it was, and nothing else.
 */
export async function hostileSamples(arena: Arena, strings: number, log: (text: string) => void): Promise<FaultRow> {
  const count = {
    strings,
    accepted: 0,
    refused: 0,
    altered: 0,
    foreignMeasurements: 0,
    foreignTags: 0,
    foreignFields: 0,
  };
  const roll = createDice(10);
  const texts = Array.from({ length: strings }, () => hostileString(roll));
  for (const role of roles) {
    const history = arena.open("hostile", `hostile-${role}`);
    const accepted = new Map<number, string>();
    for (let from = 0; from < strings; from += 500) {
      const part = texts.slice(from, from + 500);
      const samples = readSamples(part.map((text, i) => entryOf(role, text, from + i)));
      const { refused } = await history.write(samples);
      const bad = new Set(refused.map(({ index }) => index));
      for (const [index, { ts }] of samples.entries())
        if (!bad.has(index)) accepted.set(ts - 1000, texts[ts - 1000] as string);
    }
    count.accepted += accepted.size;
    count.refused += strings - accepted.size;
    const found = role === "property" ? await readProperties(history, accepted) : await readRows(arena, role);
    let altered = 0;
    for (const [k, text] of accepted)
      if (found.get(k) !== text)
        if (++altered <= 3) log(`${role} ${JSON.stringify(text)} came back as ${JSON.stringify(found.get(k))}`);
    for (const k of found.keys()) if (!accepted.has(k)) altered++;
    count.altered += altered;
    await countForeign(arena, role, accepted, count, log);
  }
  const measurements = (await arena.influxd.query("hostile", "SHOW MEASUREMENTS")).values.map(([name]) => String(name));
  const foreign = measurements.filter((name) => !roles.some((role) => name === `hostile-${role}`));
  count.foreignMeasurements = foreign.length;
  if (foreign.length > 0) log(`Foreign measurements: ${JSON.stringify(foreign)}`);
  const held = count.altered + count.foreignMeasurements + count.foreignTags + count.foreignFields === 0;
  return { done: "hostile strings as ids, properties, tag values and texts", figures: count, held };
}

/** As twin-ingest reads bytes: one message of many entries, where a wired node may say the model. */
function readSamples(entries: Record<string, unknown>[]): Sample[] {
  const { value } = readText(Buffer.from(JSON.stringify(entries)), { format: "json" });
  const reading = read(value, { now: 0, trusted: true });
  if (reading.kind !== "batch") throw new Refusal((reading as { error: RefusalInfo }).error);
  return reading.samples;
}

/** What the server itself says, by the number that the row's time holds. */
async function readRows({ influxd }: Arena, role: Role): Promise<Map<number, string>> {
  const what = role === "text" ? '"text"' : `"n", "${role}"`;
  const { columns, values } = await influxd.query("hostile", `SELECT ${what} FROM "hostile-${role}"`);
  const at = columns.indexOf(role);
  return new Map(values.map((row) => [(row[0] as number) - 1000, String(row[at])]));
}

/** Property by property through the history's own questions, a hundred at once. */
async function readProperties(history: InfluxHistory, accepted: Map<number, string>): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const groups = new Map<string, Set<string>>();
  for (const [k, text] of accepted) {
    const twin = twinOf("property", k);
    groups.set(twin, (groups.get(twin) ?? new Set()).add(text));
  }
  for (const [twin, names] of groups) {
    const properties = [...names];
    for (const row of await history.query(readHistoryQuery({ twin, properties, start: 0, end: 1e9 }, 0))) {
      const k = (row.time as number) - 1000;
      for (const name of properties) if (row[name] === k) found.set(k, name);
    }
  }
  return found;
}

async function countForeign(
  { influxd }: Arena,
  role: Role,
  accepted: Map<number, string>,
  count: { foreignTags: number; foreignFields: number },
  log: (text: string) => void,
): Promise<void> {
  const from = `FROM "hostile-${role}"`;
  const column = async (statement: string, at: number): Promise<string[]> =>
    (await influxd.query("hostile", statement)).values.map((row) => String(row[at]));
  const texts = new Set(accepted.values());
  const isKnown: Record<string, (name: string) => boolean> = {
    id: (name) => (role === "id" ? texts.has(name) : /^(property|model|text)-\d+$/.test(name)),
    model: (name) => role === "model" && texts.has(name),
  };
  const tags: string[] = [];
  for (const key of await column(`SHOW TAG KEYS ${from}`, 0)) {
    const known = isKnown[key];
    if (!known) tags.push(key);
    else tags.push(...(await column(`SHOW TAG VALUES ${from} WITH KEY = "${key}"`, 1)).filter((name) => !known(name)));
  }
  const fields = (await column(`SHOW FIELD KEYS ${from}`, 0)).filter((name) =>
    role === "property" ? !texts.has(name) : name !== (role === "text" ? "text" : "n"),
  );
  if (tags.length + fields.length > 0) log(`Foreign in ${role}: ${JSON.stringify([tags, fields]).slice(0, 300)}`);
  count.foreignTags += tags.length;
  count.foreignFields += fields.length;
}
