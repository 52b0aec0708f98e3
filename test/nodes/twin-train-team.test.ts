import { strict as assert } from "node:assert";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import type { Failure, Refusal } from "../../engine/contract/errors";
import type { Table } from "../../engine/contract/messages";
import type { Dataset } from "../../engine/learning/dataset";
import { buildDataset } from "../../engine/learning/dataset-builder";
import { type TrainOptions, trainOptions } from "../../engine/learning/options";
import { type Progress, train } from "../../engine/learning/train";
import { disposeShared } from "../../nodes/lib/shared";
import type { TwinStore } from "../../nodes/twin-store/store";
import { workersFor } from "../../nodes/twin-train/helpers";
import { keepReady } from "../../nodes/twin-train/ready-threads";
import { trainInThread } from "../../nodes/twin-train/training";
import type { TrainingState } from "../../nodes/twin-train/twin-train";
import { type FlowNode, useRuntime } from "../support/runtime";

const noise = (n: number): Table =>
  Array.from({ length: n }, (_, i) => ({ y: (i * 7919) % 10007, a: (i * 104729) % 9973, b: (i * 1299709) % 9967 }));
const dataset = (n: number): Dataset => buildDataset(noise(n), { target: "y", task: "regression" });
const forest = (more: Partial<TrainOptions> = {}): TrainOptions =>
  trainOptions({ algorithm: "forest-regressor", ...more });
const none = new AbortController().signal;

/** The threads that are started from here on; `running` are those of them that have not ended. */
function watchThreads(): { named(name: RegExp): Worker[]; running(): string[]; stop(): void } {
  const threads = new Map<Worker, { name: string; ended: boolean }>();
  const add = (thread: Worker): void => {
    const entry = { name: thread.threadName ?? "", ended: false };
    threads.set(thread, entry);
    thread.once("exit", () => {
      entry.ended = true;
    });
  };
  process.on("worker", add);
  return {
    named: (name) => [...threads].filter(([, entry]) => name.test(entry.name)).map(([thread]) => thread),
    running: () => [...threads.values()].filter(({ ended }) => !ended).map(({ name }) => name),
    stop: () => process.off("worker", add),
  };
}

describe("a training's threads", function () {
  this.timeout(30_000);
  let threads: ReturnType<typeof watchThreads>;
  beforeEach(() => {
    threads = watchThreads();
  });
  afterEach(() => threads.stop());
  /** None of the threads is left; the one that was told to end last may take a moment. */
  const nobodyLeft = async (): Promise<void> => {
    for (const thread of threads.named(/./)) if (thread.threadId >= 0) await once(thread, "exit");
    assert.deepEqual(threads.running(), []);
  };

  it("make the same model, cross-validation and report, however many they are, and end", async () => {
    const options = forest({ trees: 30, folds: 2 });
    const told: Progress[] = [];
    const alone = train(dataset(400), options);
    for (const workers of [1, 2, 4]) {
      const { report, model } = await trainInThread(
        { dataset: dataset(400), options },
        none,
        (progress) => told.push(progress),
        { workers },
      );
      assert.equal(threads.named(/helper/).length, workers === 1 ? 0 : workers === 2 ? 1 : 4);
      assert.equal(model, JSON.stringify(alone.model));
      assert.deepEqual(report, alone.report);
      await nobodyLeft();
    }
    assert.equal(told.filter(({ phase }) => phase === "training").length, 90, "each tree is told");
  });
  it("are one that was made ready, where there is one: with the same model, one training after another; where it ended, another takes its place", async () => {
    const lease = keepReady(1, 0);
    try {
      const options = forest({ trees: 10 });
      const alone = train(dataset(400), options);
      await lease.value.wait();
      const told: Progress[][] = [[], [], []];
      for (const heard of told) {
        const { report, model } = await trainInThread({ dataset: dataset(400), options }, none, (one) =>
          heard.push(one),
        );
        assert.equal(model, JSON.stringify(alone.model));
        assert.deepEqual(report, alone.report);
      }
      assert.equal(threads.running().length, 1, "the same thread served all three");
      assert.ok(told[0]!.length > 0);
      assert.deepEqual(told.slice(1), [told[0], told[0]], "and told each of its own training only");
      // Cancelled, it is ended as any other; one that dies while it waits is replaced.
      const cancel = new AbortController();
      const cancelled = trainInThread({ dataset: dataset(4000), options: forest({ trees: 5000 }) }, cancel.signal, () =>
        cancel.abort(new Error("enough")),
      );
      await assert.rejects(cancelled, /enough/);
      await lease.value.wait();
      await threads.named(/ready/).at(-1)?.terminate();
      await lease.value.wait();
      await trainInThread({ dataset: dataset(400), options }, none, () => {});
      assert.equal(threads.named(/ready/).length, 3);
      assert.deepEqual(threads.named(/forest/), [], "no training had to start a thread of its own");
    } finally {
      lease.release();
      await disposeShared();
    }
    await nobodyLeft();
  });
  it("help where they were made ready, forest after forest, and are ended where a training is cancelled", async () => {
    const lease = keepReady(2, 0);
    try {
      const options = forest({ trees: 20 });
      const alone = train(dataset(400), options);
      await lease.value.wait();
      for (let round = 0; round < 3; round++) {
        const { model } = await trainInThread({ dataset: dataset(400), options }, none, () => {}, { workers: 2 });
        assert.equal(model, JSON.stringify(alone.model));
      }
      assert.deepEqual([threads.running().length, threads.named(/./).length], [2, 2], "the same two served all three");
      const cancel = new AbortController();
      const cancelled = trainInThread(
        { dataset: dataset(4000), options: forest({ trees: 5000 }) },
        cancel.signal,
        () => cancel.abort(new Error("enough")),
        { workers: 2 },
      );
      await assert.rejects(cancelled, /enough/);
      await lease.value.wait();
      assert.deepEqual([threads.running().length, threads.named(/./).length], [2, 4], "two others wait");
    } finally {
      lease.release();
      await disposeShared();
    }
    await nobodyLeft();
  });
  it("are kept where a training had to start its own, but not two of them, and none that holds much memory", async () => {
    const hour = 3_600_000;
    const twice = async (): Promise<void> => {
      for (let round = 0; round < 2; round++)
        await trainInThread({ dataset: dataset(50), options: trainOptions({ algorithm: "linear" }) }, none, () => {});
    };
    for (const [mostBytes, started] of [
      [1e9, 1],
      [1000, 2],
    ] as const) {
      const before = threads.named(/linear/).length;
      const lease = keepReady(1, hour, mostBytes);
      try {
        await twice();
        assert.equal(threads.named(/linear/).length - before, started);
        if (started === 1) {
          await Promise.all([twice(), twice()]);
          while (threads.running().length > 1) await pause(5);
        }
      } finally {
        lease.release();
        await disposeShared();
      }
      await nobodyLeft();
    }
  });
  it("go on with the next candidate of a search when one is refused in mid-growth, and mistake no tree of the one for the other's", async () => {
    const options = forest({ folds: 2, minLeaf: 40, tune: [{ setting: "trees", values: [3000, 10, 12] }] });
    const answers = [];
    for (const workers of [1, 3]) {
      // The nodes of 3,000 trees do not fit; tree 0 shows it while the helpers grow others.
      const means = { workers, memory: 5_000_000 };
      const { report, model } = await trainInThread({ dataset: dataset(4000), options }, none, () => {}, means);
      assert.match(report.tuning?.tried[0]?.reason ?? "", /3000 trees/);
      answers.push({ model, best: report.tuning?.best });
    }
    assert.deepEqual(answers[1], answers[0]);
  });
  it("help no algorithm that has no trees", async () => {
    await trainInThread({ dataset: dataset(50), options: trainOptions({ algorithm: "linear" }) }, none, () => {}, {
      workers: 4,
    });
    assert.deepEqual(threads.named(/helper/), []);
  });
  it("are one less than there are cores unless set, at least 1 and at most 8", () => {
    const cases: [number, number, number][] = [
      [0, 1, 1],
      [0, 2, 1],
      [0, 4, 3],
      [0, 64, 8],
      [3, 2, 3],
      [8, 2, 8],
    ];
    for (const [set, cores, expected] of cases) assert.equal(workersFor(set, cores), expected, `${set} of ${cores}`);
  });

  /** A long training of which some trees have been grown. */
  async function underWay(signal: AbortSignal) {
    let started = (): void => {};
    const some = new Promise<void>((resolve) => {
      started = resolve;
    });
    const result = trainInThread(
      { dataset: dataset(4000), options: forest({ trees: 10_000, minLeaf: 5 }) },
      signal,
      started,
      {
        workers: 3,
      },
    );
    result.catch(() => {});
    await some;
    assert.equal(threads.running().length, 3);
    return { result };
  }
  it("all end when the training is cancelled", async () => {
    const cancel = new AbortController();
    const { result } = await underWay(cancel.signal);
    const reason = new Error("cancelled");
    cancel.abort(reason);
    await assert.rejects(result, reason);
    await nobodyLeft();
  });
  for (const [what, name] of [
    ["a helper", /helper/],
    ["the training's own", /forest-regressor/],
  ] as const)
    it(`all end with a clear failure when ${what} dies`, async () => {
      const { result } = await underWay(none);
      void threads.named(name)[0]!.terminate();
      await assert.rejects(result, (error: Failure) => {
        assert.equal(error.code, "worker-failed");
        assert.match(error.message, /training's thread ended with code 1 before it was done/);
        return true;
      });
      await nobodyLeft();
    });
  it("are not started for a cancelled request", async () => {
    const reason = new Error("cancelled before");
    await assert.rejects(
      trainInThread({ dataset: dataset(10), options: forest() }, AbortSignal.abort(reason), () => {}),
      reason,
    );
    assert.deepEqual(threads.running(), []);
  });
  it("say why when they fail", async () => {
    const broken = { rows: 3, features: [{}], target: {}, dropped: 0, warnings: [] } as unknown as Dataset;
    await assert.rejects(
      trainInThread({ dataset: broken, options: trainOptions({ algorithm: "linear" }) }, none, () => {}),
      (error: Failure) => {
        assert.equal(error.code, "worker-failed");
        assert.match(error.message, /The training failed/);
        return true;
      },
    );
  });
  it("refuse what does not fit into the memory that is free", async () => {
    await assert.rejects(
      trainInThread({ dataset: dataset(1000), options: forest() }, none, () => {}, { workers: 2, memory: 100_000 }),
      (error: Refusal) => {
        assert.equal(error.code, "too-large");
        assert.match(error.message, /800 rows x 2 features with 2 at work/);
        return true;
      },
    );
    await nobodyLeft();
  });

  describe("killed in mid-training", () => {
    const runtime = useRuntime();
    it("leave a clear failed job and the old model serving", async () => {
      const train: FlowNode = {
        id: "train",
        type: "twin-train",
        store: "store",
        modelName: "line",
        target: "y",
        promote: "always",
        wires: [["out"], ["refused"], ["progress"]],
      };
      const flow = await runtime.load(
        ["twin-train", "twin-predict"],
        [
          train,
          { id: "predict", type: "twin-predict", store: "store", modelName: "line", wires: [["scored"], ["refused"]] },
          { id: "store", type: "twin-store", backend: "embedded", path: "train-kill" },
          ...["out", "refused", "progress", "scored"].map((id) => ({ id, type: "helper" })),
        ],
      );
      flow.send("train", { payload: Array.from({ length: 40 }, (_, i) => ({ x: i, y: 3 * i })) });
      await flow.next("out");
      const next = async (): Promise<TrainingState> => (await flow.next("progress")).payload as TrainingState;
      for (let told = await next(); told.state !== "done"; ) told = await next();

      flow.send("train", {
        payload: noise(4000),
        train: { algorithm: "forest-regressor", trees: 10_000, minLeaf: 5, workers: 2 },
      });
      for (let told = await next(); told.done === 0; ) told = await next();
      await threads.named(/helper/)[0]!.terminate();
      let told = await next();
      while (told.state === "training") told = await next();
      assert.equal(told.state, "failed");
      const errors = flow.errors().filter(({ id }) => id === "train");
      assert.deepEqual(
        errors.map(({ error }) => error.code),
        ["worker-failed"],
      );
      await nobodyLeft();

      const { models } = flow.node("store").twinApi as TwinStore;
      assert.equal((await models.get("line", "champion"))?.version, 1);
      flow.send("predict", { payload: [{ x: 7 }] });
      const [prediction] = (await flow.next("scored")).prediction as { value: number; version: number }[];
      assert.ok(Math.abs(prediction!.value - 21) < 1e-6);
      assert.equal(prediction!.version, 1);
    });
  });
});
