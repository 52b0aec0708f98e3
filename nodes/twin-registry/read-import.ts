import { createHash } from "node:crypto";
import { Refusal, refuse } from "../../engine/contract/errors";
import { isMlRandomForest, modelOfMlRandomForest } from "../../engine/learning/forest/ml-random-forest-file";
import type { Model } from "../../engine/learning/model";
import { maxModelFileBytes, parseModelFile, readModelFile } from "../../engine/learning/model-file";
import type { Order } from "./read-order";

export interface Import {
  /** What the model is to be called where the order does not say. */
  name: string;
  report: Record<string, unknown>;
  model: Model;
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** A model from what `export` gave, or a forest from the JSON of ml-random-forest with the names in the order. */
export function readImport(payload: unknown, { names, sha256: expected }: Order): Import {
  const given = Buffer.isBuffer(payload) ? payload.toString("utf8") : payload;
  if (expected !== "") checkSum(given, expected);
  const file = parseModelFile(given);
  if (!isMlRandomForest(file)) {
    const { name, version, createdAt, report, model } = readModelFile(file, sha256);
    return { name, report: { ...report, imported: { name, version, createdAt } }, model };
  }
  const model = modelOfMlRandomForest(typeof given === "string" ? file : plain(file), names);
  const { algorithm, engine, task, target, features, dataHash } = model;
  return {
    name: target,
    report: {
      algorithm,
      engine,
      task,
      target,
      features: features.map((feature) => feature.name),
      dataHash,
      imported: { from: "ml-random-forest" },
      warnings: [
        "It was trained elsewhere, and nobody has judged it here: it has no metrics.",
        "Its file does not say where its features lay: rows outside of that are not noticed.",
        ...(expected === ""
          ? ["Its file carries no checksum: send msg.registry.sha256 to be sure that it is whole."]
          : []),
      ],
    },
    model,
  };
}

/** What a function node made of `toJSON()` still holds the package's objects. */
function plain(file: object): object {
  let text: string;
  try {
    text = JSON.stringify(file);
  } catch (error) {
    throw new Refusal(
      refuse("bad-payload", `The forest is no JSON: ${(error as Error).message}.`, "Send JSON.stringify(forest)."),
    );
  }
  return parseModelFile(text);
}

function checkSum(given: unknown, expected: string): void {
  if (typeof given !== "string")
    throw new Refusal(
      refuse("bad-payload", "msg.registry.sha256 is of a text, and the payload is none.", "Send the file's text."),
    );
  if (given.length <= maxModelFileBytes + 1000 && sha256(given) !== expected.toLowerCase())
    throw new Refusal(
      refuse(
        "damaged",
        "The file does not match msg.registry.sha256: it was changed or cut on the way.",
        "Send it again, as it is.",
      ),
    );
}
