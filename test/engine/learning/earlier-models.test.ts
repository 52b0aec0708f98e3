import assert from "node:assert/strict";
import type { Row } from "../../../engine/contract/messages";
import type { Model } from "../../../engine/learning/model";
import { predictorOf } from "../../../engine/learning/predictor";
import { readFixture } from "./references";

describe("models that an earlier version stored", () => {
  const { models } = readFixture<{ models: { model: Model; asked: Row[]; answers: Record<string, unknown>[] }[] }>(
    "models-of-earlier-versions.json",
  );
  for (const { model, asked, answers } of models)
    it(`predict what they predicted: ${model.algorithm} of ${model.labels?.length ?? "numbers"}`, () => {
      const predictor = predictorOf(model);
      for (const [i, row] of asked.entries()) {
        const told = predictor.predict(row, { interval: 0.9 }) as unknown as Record<string, unknown>;
        for (const [name, value] of Object.entries(answers[i] ?? assert.fail())) assert.deepEqual(told[name], value);
      }
    });
});
