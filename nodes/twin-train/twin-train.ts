import { Failure, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { Table } from "../../engine/contract/messages";
import type { TwinModel } from "../../engine/contract/model";
import type { Report } from "../../engine/learning/report";
import { withDeadline } from "../lib/deadline";
import { defineNode } from "../lib/define-node";
import { jobQueue } from "../lib/job-queue";
import { asksToCancel, isObject, twinFieldOf } from "../lib/messages";
import type { Metric } from "../lib/metrics";
import type { Message } from "../lib/node-red";
import { readOverridden } from "../lib/settings";
import type { ModelRegistry, ModelVersion, TwinStore } from "../twin-store/store";
import { workersFor } from "./helpers";
import { keepLastTable } from "./last-table";
import { keepReady } from "./ready-threads";
import { serveColumns } from "./serve-columns";
import { prepare, trainInThread } from "./training";
import { readTwinTrainSettings, type TwinTrainSettings, trainKeys } from "./twin-train.settings";

const maxWaiting = 8;
/** Threads that are kept ready: a training's own, and a helper. Each takes some 30 MB. */
const mostReady = 2;
/** Least time between two messages of progress. */
const progressMs = 250;
/** More could not be loaded within a few seconds. */
const maxModelBytes = 200_000_000;
/** Storing and loading take about 100 ms for each of these, on the main thread. */
const bigModelBytes = 10_000_000;
const alias = "champion";

/** `msg.payload` of output 3. */
export interface TrainingState {
  state: "queued" | "preparing" | "training" | "saving" | "done" | "refused" | "failed" | "cancelled";
  /** 0 to 1. */
  done: number;
  /** While settings are searched: how many candidates are done, and of how many. */
  candidates?: { done: number; of: number };
  model: string;
  version?: number;
  /** Trainings that wait behind this one. */
  waiting: number;
  error?: RefusalInfo;
}

/** The stored definition; what `msg.train` overrides is put over it before it is read. */
interface Stored extends TwinTrainSettings {
  def: Record<string, unknown>;
  store: unknown;
}

export default defineNode<Stored>({
  type: "twin-train",
  outputs: 3,
  refusalOutput: 1,
  serve: serveColumns,
  readSettings: (def) => ({ ...readTwinTrainSettings(def), def, store: def.store }),
  start(host, stored) {
    const { models } = host.use<TwinStore>("twin-store", stored.store);
    const units = host.useIfSet<TwinModel>("twin-model", stored.def.model)?.properties;
    const unitOf = (column: string): string | undefined => units?.get(column)?.unit;
    const queue = jobQueue(maxWaiting, () =>
      refuse(
        "busy",
        `A training runs and ${maxWaiting} more wait.`,
        'Wait for them, or end them with the topic "cancel".',
      ),
    );
    const last = keepLastTable(host.node._alias ?? host.id);
    host.onClose(last.release);
    host.onClose(keepReady(Math.min(mostReady, workersFor(stored.workers))).release);
    // A deploy ends a training at once: waiting for it would hold the deploy up.
    host.node.on("close", () => {
      queue.cancelAll(cancelled("The node was closed, by a deploy or by the end of Node-RED."));
    });

    const ended = new Map<string, number>();
    host.metrics(() => [
      { name: "training_running", help: "Trainings under way: 0 or 1.", value: queue.busy ? 1 : 0 },
      { name: "training_waiting", help: "Trainings that wait behind it.", value: queue.waiting },
      ...[...ended].map(
        ([state, value]): Metric => ({
          name: "training_ended_total",
          help: "Trainings by how they ended.",
          kind: "counter",
          value,
          labels: { state },
        }),
      ),
    ]);

    /** Tells output 3 and the badge how a training goes. */
    function reporter(
      msg: Message,
      model: string,
    ): (state: TrainingState["state"], more?: Partial<TrainingState>) => void {
      let last = 0;
      const { payload, req, res, train, ...rest } = msg;
      return (state, more = {}) => {
        const now = Date.now();
        const isNews = state !== "training" || (more.done ?? 0) === 0;
        if (!isNews && now - last < progressMs) return;
        last = now;
        if (isEnd(state)) ended.set(state, (ended.get(state) ?? 0) + 1);
        const told: TrainingState = { state, done: 0, model, waiting: queue.waiting, ...more };
        host.send([null, null, { ...rest, payload: told }]);
        if (state === "queued") host.show("waiting", host.text("status.queued", { waiting: told.waiting }));
        else if (state === "training")
          host.show("busy", host.text("status.training", { model, percent: Math.round(told.done * 100) }));
        else if (state === "preparing" || state === "saving")
          host.show("busy", host.text(`status.${state}`, { model }));
      };
    }

    async function train(msg: Message, settings: TwinTrainSettings, table: Table, ignored: string[]): Promise<Report> {
      const { modelName, promote } = settings;
      const tell = reporter(msg, modelName);
      if (queue.busy) tell("queued", { waiting: queue.waiting + 1 });
      try {
        return await queue.run(async (signal) => {
          const started = performance.now();
          const limit = withDeadline(signal, settings.timeout, () => late(settings.timeout));
          try {
            tell("preparing");
            const dataset = await prepare(table, { ...settings.table, unitOf }, limit.signal);
            const champion = promote === "if-better" ? await championOf(models, modelName) : undefined;
            tell("training");
            const { report, model } = await trainInThread(
              {
                dataset,
                options: settings.train,
                ...(champion ? { champion: { version: champion.version, model: champion.model } } : {}),
              },
              limit.signal,
              ({ done, candidates }) => tell("training", { done, ...(candidates ? { candidates } : {}) }),
              { workers: workersFor(settings.workers) },
            );
            if (model.length > maxModelBytes) throw tooLarge(model.length);
            tell("saving", { done: 1 });
            const isPromoted =
              report.gate.passed &&
              (promote === "always" || (promote === "if-better" && (report.champion?.better ?? true)));
            report.warnings.push(...ignored);
            if (model.length > bigModelBytes)
              report.warnings.push(
                `The model has ${Math.round(model.length / 1e6)} MB: storing and loading it holds other flows up. minLeaf 5 makes it about five times smaller.`,
              );
            report.promoted = isPromoted;
            report.madeBy = { node: host.node.id, flow: host.node.z ?? "" };
            report.durationMs = Math.round(performance.now() - started);
            const { version } = await models.add(modelName, (version) => {
              report.model = modelName;
              report.version = version;
              return { report: report as unknown as Record<string, unknown>, model };
            });
            // Only now: whoever hears of the report finds the version, and the alias where it should be.
            if (isPromoted) await models.promote(modelName, version, alias, { via: host.node.id });
            tell(report.gate.passed ? "done" : "refused", { done: 1, version });
            return report;
          } finally {
            limit.clear();
          }
        });
      } catch (error) {
        const info = error instanceof Refusal ? error.info : undefined;
        tell(info?.code === "cancelled" ? "cancelled" : info ? "refused" : "failed", info ? { error: info } : {});
        throw error;
      }
    }

    return {
      async input(msg, send) {
        if (isCancel(msg)) {
          const count = queue.cancelAll(cancelled("The training was cancelled."));
          const told: TrainingState = { state: "cancelled", done: 0, model: stored.modelName, waiting: 0 };
          host.show("idle", host.text("status.cancelled"));
          send([null, null, { ...msg, payload: { ...told, count } }]);
          return;
        }
        const table = tableOf(msg);
        last.keep(table);
        const { settings, ignored } = settingsFor(stored, msg.train);
        const report = await train(msg, settings, table, ignored);
        if (!report.gate.passed) throw gateFailed(report);
        msg.payload = report;
        host.show(
          "ok",
          host.text("status.trained", { model: report.model, version: report.version, result: resultOf(report) }),
        );
        send([msg, null, null]);
      },
    };
  },
});

const isEnd = (state: TrainingState["state"]): boolean =>
  state === "done" || state === "refused" || state === "failed" || state === "cancelled";

const isCancel = (msg: Message): boolean => msg.topic === "cancel" || asksToCancel(msg.train);

/** The node's settings with those of `msg.train` over them. */
function settingsFor(stored: Stored, train: unknown): { settings: TwinTrainSettings; ignored: string[] } {
  if (train !== undefined && train !== null && !isObject(train))
    throw new Refusal(
      refuse("bad-request", "msg.train is no object.", 'Use an object such as { target: "hardness" }.'),
    );
  const keys: readonly string[] = trainKeys;
  const unknown = Object.keys(train ?? {}).filter((key) => !keys.includes(key) && key !== "cancel");
  const settings = train
    ? readOverridden("msg.train", () => readTwinTrainSettings({ ...stored.def, ...train }))
    : stored;
  return { settings, ignored: unknown.map((key) => `msg.train.${key} is no setting and was ignored.`) };
}

/** The rows of a table; of a batch its values. */
function tableOf(msg: Message): Table {
  const { payload } = msg;
  if (!Array.isArray(payload))
    throw new Refusal(
      refuse(
        "bad-payload",
        "Training needs a table in msg.payload: a list of rows, each an object with a value for each column.",
        "Wire the csv node or twin-query before this one.",
      ),
    );
  if (twinFieldOf(msg)?.batch === undefined) return payload as Table;
  return payload.map((entry) => (isObject(entry) && isObject(entry.values) ? entry.values : entry)) as Table;
}

const late = (seconds: number): Refusal =>
  new Refusal(
    refuse(
      "timed-out",
      `The training took longer than ${seconds} s.`,
      "Raise timeout, or train on fewer rows or with fewer trees.",
    ),
  );

/** The version that serves now. A damaged one serves nobody, and must not keep a new one from taking its place. */
async function championOf(models: ModelRegistry, name: string): Promise<ModelVersion | undefined> {
  try {
    return await models.get(name, alias);
  } catch (error) {
    if (error instanceof Failure && error.code === "damaged") return undefined;
    throw error;
  }
}

const cancelled = (message: string): Refusal =>
  new Refusal(refuse("cancelled", message, "Nothing was changed; train again when you like."));

const tooLarge = (bytes: number): Refusal =>
  new Refusal(
    refuse(
      "too-large",
      `The model has ${Math.round(bytes / 1e6)} MB, more than ${maxModelBytes / 1e6}.`,
      "Grow fewer or smaller trees: minLeaf 5 makes them about five times smaller.",
    ),
  );

/** The version is registered, so that it can be looked at, and not promoted. */
const gateFailed = (report: Report): Refusal =>
  new Refusal(
    refuse(
      "gate-failed",
      `Version ${report.version} of ${report.model} does not pass its gate: ${report.gate.failed.join(", ")}.`,
      "It was not promoted. Train with more rows or other settings, or decide on the gate anew before the next training.",
    ),
    { payload: report },
  );

const shortNames: Record<string, string> = {
  rmse: "RMSE",
  mse: "MSE",
  mae: "MAE",
  mape: "MAPE",
  r2: "R2",
  f1: "F1",
  mcc: "MCC",
};

/** The headline, which is never the accuracy of imbalanced classes. */
const resultOf = ({ headline: { metric, value } }: Report): string =>
  `${shortNames[metric] ?? metric} ${value === null ? "–" : Number(value.toPrecision(3))}`;
