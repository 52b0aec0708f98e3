import { quote, Refusal, refuse } from "../../engine/contract/errors";
import type { LinkFigures, LinkMeter } from "../../engine/link/link-meter";
import type { LinkOptions } from "../../engine/link/link-options";
import { planLink } from "../../engine/link/plan-link";
import { roundTripOf } from "../../engine/link/round-trip";
import { isObject } from "../lib/messages";
import type { Message } from "../lib/node-red";
import { readOverridden } from "../lib/settings";
import type { Measuring } from "./measuring";
import { readPlan } from "./read-plan";

const usualLimit = 100;
const mostRows = 10_000;

/** What a message is answered with. */
export interface LinkAnswer {
  payload: unknown;
  /** Beside the list of all links. */
  connections?: unknown;
}

/** What a message asks: `msg.plan`, `msg.roundTrip`, else the figures of `msg.topic`, or of all links, the worst first. Throws `Refusal`. */
export function answerTo(msg: Message, measuring: Measuring, options: LinkOptions): LinkAnswer {
  if (msg.plan !== undefined) return { payload: answerPlan(msg, measuring, options) };
  if (msg.roundTrip !== undefined) return { payload: takeRoundTrip(msg, measuring) };
  const { meter } = measuring;
  const topic = topicOf(msg);
  if (topic === "") return listOf(meter, measuring, limitOf(msg.limit));
  const figures = meter.latest(topic) ?? meter.latestOfConnection(topic);
  if (figures) return { payload: rowOf(figures, measuring) };
  throw new Refusal(
    refuse(
      "not-found",
      `No figures of ${quote(topic)} yet.`,
      "They are there at the end of the first period in which it was heard.",
    ),
  );
}

function listOf(meter: LinkMeter, measuring: Measuring, limit: number): LinkAnswer {
  const connections = meter.connectionIds().map((id) => meter.latestOfConnection(id) ?? { id, values: {} });
  return {
    payload: meter.worst(limit).map((figures) => rowOf(figures, measuring)),
    connections: connections.map((figures) => rowOf(figures, measuring)),
  };
}

/** Flat, as a row of a table. */
const rowOf = ({ id, connection, clock, values }: LinkFigures, { nameOf }: Measuring): Record<string, unknown> => ({
  id,
  ...(connection === undefined ? { name: nameOf(id) } : { connection, connectionName: nameOf(connection) }),
  ...(clock && { clock }),
  ...values,
});

const topicOf = ({ topic }: Message): string => (typeof topic === "string" ? topic.trim() : "");

function limitOf(given: unknown): number {
  if (given === undefined || given === null || given === "") return usualLimit;
  const limit = Number(given);
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostRows) return limit;
  throw new Refusal(
    refuse("bad-request", `msg.limit is ${quote(given)}.`, `Use a whole number from 1 to ${mostRows}.`),
  );
}

function answerPlan(msg: Message, { meter }: Measuring, { capacityBytes, capacityMessages }: LinkOptions): unknown {
  if (!isObject(msg.plan))
    throw new Refusal(
      refuse("bad-request", `msg.plan is ${quote(msg.plan)}.`, "Use an object such as { devices, rate, bytes }."),
    );
  const given = { capacityBytes, capacityMessages, ...msg.plan };
  const plan = readOverridden("msg.plan", () => readPlan(given));
  const topic = topicOf(msg);
  const measured = topic === "" ? undefined : meter.latestOfConnection(topic)?.values;
  return { ...planLink(plan), ...(measured && { measured }) };
}

/** A question that somebody asked the device, and its answer. */
function takeRoundTrip(msg: Message, { meter }: Measuring): unknown {
  const { roundTrip } = msg;
  if (!isObject(roundTrip))
    throw new Refusal(
      refuse(
        "bad-request",
        `msg.roundTrip is ${quote(roundTrip)}.`,
        "Use { sent, received, answered, returned } in ms since 1970-01-01 UTC.",
      ),
    );
  const topic = topicOf(msg);
  if (roundTrip.id !== undefined && roundTrip.id !== topic)
    throw new Refusal(
      refuse(
        "bad-id",
        `${quote(topic)} was asked, and ${quote(roundTrip.id)} answered.`,
        "Look which device has that id, and whether two have one.",
        {
          property: "id",
        },
      ),
    );
  const figures = roundTripOf(roundTrip);
  if ("error" in figures) throw new Refusal(figures.error);
  if (!meter.roundTrip(topic, figures))
    throw new Refusal(
      refuse("not-found", `No sample of ${quote(topic)} has come yet.`, "Set msg.topic to the twin that answered."),
    );
  return { id: topic, ...figures };
}
