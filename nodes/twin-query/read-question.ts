import { quote, Refusal, refuse } from "../../engine/contract/errors";
import {
  type HistoryQuery,
  isGiven,
  type QueryKey,
  queryKeys,
  type RawQuery,
  readHistoryQuery,
} from "../../engine/history/history-query";
import { isObject } from "../lib/messages";
import type { Message } from "../lib/node-red";

const isKey = (key: string): key is QueryKey => (queryKeys as readonly string[]).includes(key);

/**
 * The question that a message asks: the node's settings, overridden by the keys of `msg.query` that hold something, and where
 * no twin is named the one in `msg.topic`. Throws `Refusal`.
 */
export function readQuestion(settings: RawQuery, msg: Message, now: number): HistoryQuery {
  const given = readOverrides(msg.query);
  const raw: RawQuery = { ...settings, ...given };
  const isTopic = !isGiven(raw.twin) && typeof msg.topic === "string" && isGiven(msg.topic);
  if (isTopic) raw.twin = msg.topic;
  return readHistoryQuery(raw, now, (key) => {
    if (isTopic && key === "twin") return "msg.topic";
    return key in given ? `msg.query.${key}` : key;
  });
}

function readOverrides(query: unknown): RawQuery {
  if (query === undefined || query === null || query === "") return {};
  if (!isObject(query))
    throw new Refusal(
      refuse("bad-request", `msg.query is ${quote(query)}.`, `Use an object of ${queryKeys.join(", ")}.`),
    );
  const given: RawQuery = {};
  for (const [key, value] of Object.entries(query)) {
    if (!isKey(key))
      throw new Refusal(
        refuse("bad-request", `msg.query.${key.slice(0, 60)} is not a key.`, `Use ${queryKeys.join(", ")}.`),
      );
    if (isGiven(value)) given[key] = value;
  }
  return given;
}
