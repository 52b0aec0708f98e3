import { Refusal } from "../../../engine/contract/errors";
import { readQuestion } from "../../../nodes/twin-query/read-question";
import { createDice } from "../../support/dice";
import type { Influxd } from "../../support/influxd";
import type { FaultRow } from "../fault-case";
import type { Arena } from "./10-hostile";
import { hostileString, injections } from "./10-hostile-strings";

const keys = ["twin", "properties", "start", "end", "window", "aggregate", "fill", "limit"] as const;
const harmless = { twin: "press-6", properties: ["n"], start: 0, end: 1e9, window: "1m", aggregate: "mean" };
const rows = Array.from({ length: 20 }, (_, k) => ({ id: "press-6", ts: 1000 + k, values: { n: k } }));

/** Every injection as every part of a question, through twin-query's reading and past it: the server is as it was. */
export async function injectedQueries({ influxd, open }: Arena, log: (text: string) => void): Promise<FaultRow> {
  const history = open("injected", "hostile");
  await history.write([...rows, { id: "secret", ts: 1000, values: { n: 7 } }]);
  const before = await stateOf(influxd, "injected");
  const attempts = injections("hostile");
  const count = { injections: attempts.length, questions: 0, refused: 0, answered: 0, disclosed: 0, changed: 0 };
  for (const attempt of attempts) {
    for (const key of keys)
      for (const value of [attempt, [attempt]]) {
        count.questions++;
        try {
          const question = readQuestion(harmless, { query: { [key]: value } }, 0);
          const answer = await history.query(question);
          count.answered++;
          if (answer.some(({ id }) => id === "secret")) count.disclosed++;
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          count.refused++;
        }
      }
    // What a mistake in the reading would let through meets a second check.
    const question = readQuestion(harmless, {}, 0);
    for (const part of [{ twin: attempt }, { twin: `${attempt}*` }, { properties: [attempt] }]) {
      count.questions++;
      const answer = await history.query({ ...question, ...part }).catch(() => undefined);
      count[answer ? "answered" : "refused"]++;
      if (answer?.some(({ id }) => id === "secret")) count.disclosed++;
    }
  }
  if ((await stateOf(influxd, "injected")) !== before) count.changed++;
  if (count.changed > 0) log(`${before}\nbecame\n${await stateOf(influxd, "injected")}`);
  return { done: "InfluxQL injected into questions", figures: count, held: count.changed + count.disclosed === 0 };
}

/** All that a statement could have changed: databases, policies, users, measurements, and every point. */
async function stateOf(influxd: Influxd, database: string): Promise<string> {
  const statements = [
    "SHOW DATABASES",
    "SHOW USERS",
    `SHOW RETENTION POLICIES ON "${database}"`,
    "SHOW MEASUREMENTS",
    "SHOW SERIES",
    "SELECT * FROM /.*/",
  ];
  const answers = [];
  for (const statement of statements) answers.push((await influxd.query(database, statement)).values);
  return JSON.stringify(answers);
}

/** Lines put together as text, as a first attempt does it. */
export async function concatenatedLines({ influxd }: Arena, strings: number): Promise<FaultRow> {
  await influxd.query("", 'CREATE DATABASE "careless"');
  const roll = createDice(10);
  for (let k = 0; k < strings; k++) {
    const text = hostileString(roll);
    const body = `hostile,id=${text} n=${k} ${1000 + k}`;
    // A line that the server quotes in its answer may break the answer's own header.
    await fetch(`${influxd.url}/write?db=careless&precision=ms`, { method: "POST", body }).catch(() => undefined);
  }
  const names = (await influxd.query("careless", "SHOW MEASUREMENTS")).values.flat();
  const figures = { strings, foreignMeasurements: names.filter((name) => name !== "hostile").length };
  return { done: "the same strings in lines put together as text", figures, held: figures.foreignMeasurements === 0 };
}

/** Statements put together as text. */
export async function concatenatedQueries({ influxd, open }: Arena): Promise<FaultRow> {
  await open("dropped", "hostile").write(rows);
  const before = await stateOf(influxd, "dropped");
  const attempts = injections("hostile");
  for (const attempt of attempts) {
    const statement = `SELECT mean("n") FROM "hostile" WHERE "id" = '${attempt}'`;
    await influxd.query("dropped", statement).catch(() => undefined);
  }
  const figures = { injections: attempts.length, changed: Number((await stateOf(influxd, "dropped")) !== before) };
  return { done: "the same injections in statements put together as text", figures, held: figures.changed === 0 };
}
