import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { parentPort, Worker } from "node:worker_threads";
import { trainForest } from "../../engine/learning/forest/train-forest";
import { trainOptions } from "../../engine/learning/options";
import { startHelpers } from "../../nodes/twin-train/helpers";
import { keepReady } from "../../nodes/twin-train/ready-threads";
import { teamOf } from "../../nodes/twin-train/team";
import { datasetOf, type LearningTable } from "./learning-tables";

interface Order {
  table: LearningTable;
  trees: number;
  workers: number;
  seed: number;
}

/**
 * A thread that fits forests and nothing else, as scikit-learn's process does. A training's thread is such a one; the bench's
 * own has handed memory over, after which V8 checks every access to typed arrays.
 */
export function fitThread(): { fit(order: Order): Promise<number>; end(): Promise<number> } {
  const thread = new Worker(__filename);
  return {
    fit: (order) =>
      new Promise((resolve, reject) => {
        thread.once("error", reject);
        thread.once("message", (seconds: number) => {
          thread.off("error", reject);
          resolve(seconds);
        });
        thread.postMessage(order);
      }),
    end: () => thread.terminate(),
  };
}

/** From columns to a forest that can be stored, in seconds. */
async function timeFit({ table, trees, workers, seed }: Order): Promise<number> {
  const ready = keepReady(availableParallelism());
  await ready.value.wait();
  const helpers = startHelpers(workers - 1);
  const dataset = datasetOf(table);
  const options = trainOptions({ algorithm: "forest-classifier", trees, seed });
  const begun = performance.now();
  trainForest(dataset, options, { growTrees: teamOf(helpers.ports), workers });
  const seconds = (performance.now() - begun) / 1000;
  for (const port of helpers.ports) port.close();
  await helpers.end(0);
  return seconds;
}

parentPort?.on("message", (order: Order) => {
  void timeFit(order).then((seconds) => parentPort?.postMessage(seconds));
});
