import { quote, Refusal, refuse } from "../../engine/contract/errors";
import type { Row } from "../../engine/contract/messages";
import { own } from "../../engine/contract/own";
import { kindOfCell, labelOfCell, numberOfCell } from "../../engine/learning/cells";
import type { Label } from "../../engine/learning/dataset";
import type { Awaited, AwaitedTruths, Moment } from "../../engine/learning/drift/awaited-truths";
import type { Model } from "../../engine/learning/model";
import { twinFieldOf } from "../lib/messages";
import type { Message } from "../lib/node-red";

/** What a row itself says of the target; undefined when it does not. */
export const truthIn = (row: Row, model: Model): Label | undefined => truthOf(own(row, model.target), model);

function truthOf(cell: unknown, { task }: Model): Label | undefined {
  const kind = kindOfCell(cell);
  if (kind === "missing" || kind === "bad") return undefined;
  if (task === "classification") return labelOfCell(cell);
  return kind === "text" ? undefined : numberOfCell(cell);
}

/** Whose sample a message is, for a truth that comes later; undefined where it tells neither time nor number. */
export function momentOf(msg: Message): Moment | undefined {
  const { id = msg.topic, ts, seq } = twinFieldOf(msg) ?? {};
  if (typeof id !== "string" || (typeof ts !== "number" && typeof seq !== "number")) return undefined;
  return { id, ...(typeof ts === "number" && { ts }), ...(typeof seq === "number" && { seq }) };
}

/** What a message with `msg.truth` says, and of which prediction. Refuses what cannot be matched. */
export function readTruth(msg: Message, model: Model, truths: AwaitedTruths): { truth: Label; prediction: Awaited } {
  const truth = truthOf(msg.truth, model);
  if (truth === undefined)
    throw new Refusal(
      refuse(
        "wrong-type",
        `msg.truth is ${quote(msg.truth)}.`,
        `Send the ${model.target} that was measured: ${model.task === "classification" ? "a class" : "a number"}.`,
        { property: "truth" },
      ),
    );
  const moment = momentOf(msg);
  if (!moment)
    throw new Refusal(
      refuse(
        "bad-request",
        "The truth does not say of which sample it is.",
        "Send the twin in msg.topic, and msg.twin.ts or msg.twin.seq as the sample had them.",
        { property: "twin" },
      ),
    );
  const prediction = truths.take(moment);
  if (prediction) return { truth, prediction };
  const { id, ts, seq } = moment;
  throw new Refusal(
    refuse(
      "not-found",
      `No prediction for ${id} with ${seq === undefined ? `the time ${ts}` : `the number ${seq}`} waits for its truth.`,
      "It was told already, came through another node, or is older than the last 10,000 predictions.",
      { property: seq === undefined ? "ts" : "seq" },
    ),
  );
}
