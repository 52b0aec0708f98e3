import { setImmediate as nextTurn } from "node:timers/promises";
import { Failure, quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { Row } from "../../engine/contract/messages";
import type { TwinModel } from "../../engine/contract/model";
import type { Moment } from "../../engine/learning/drift/awaited-truths";
import type { DriftWatch } from "../../engine/learning/drift/drift-watch";
import { type FeatureConversion, featureConversions, inModelUnits } from "../../engine/learning/feature-units";
import type { Prediction, PredictOptions } from "../../engine/learning/predictor";
import { defineNode } from "../lib/define-node";
import { isObject, readMessage, refusedRows } from "../lib/messages";
import type { Message, Outgoing } from "../lib/node-red";
import type { TwinStore } from "../twin-store/store";
import { currentModel, type Loaded } from "./current-model";
import { outOfDomain } from "./out-of-domain";
import { predictBadge } from "./predict-badge";
import { momentOf, readTruth, truthIn } from "./truth";
import { readTwinPredictSettings, type TwinPredictSettings } from "./twin-predict.settings";
import { takeBack, watchDrift } from "./watch-drift";

/** `msg.prediction`; of a batch or table the list of these, one for each row. */
export type ModelPrediction = Omit<Prediction, "domain"> & {
  model: string;
  version: number;
  /** `unchecked` with the setting `ignore`. */
  domain: Prediction["domain"] | "unchecked";
};

/** Ms of scoring before other work gets its turn. */
const sliceMs = 15;

export default defineNode<TwinPredictSettings>({
  type: "twin-predict",
  serial: true,
  readSettings: readTwinPredictSettings,
  start(host, settings) {
    const { modelName, use, domain, interval, explain } = settings;
    if (modelName === "")
      throw new Failure("bad-setting", "modelName is empty:", "name the model as twin-train registers it.");
    const { models } = host.use<TwinStore>("twin-store", settings.store);
    const current = currentModel(models, modelName, use, () => void warmUp());
    host.onClose(() => current.stop());
    const units = host.useIfSet<TwinModel>("twin-model", settings.model)?.properties;
    let conversions: FeatureConversion[] = [];
    const drift = settings.drift && watchDrift(host, models, modelName, settings.drift);
    let watch: DriftWatch | undefined;
    let watched: Loaded | undefined;
    let takenBack: Loaded | undefined;
    const badge = predictBadge(
      host,
      () => current.problem,
      () => watch,
    );
    void warmUp();

    /** Has the model ready before the first message needs it, and shows which one it is. */
    async function warmUp(): Promise<void> {
      try {
        const loaded = await current.load();
        const { version } = loaded;
        if (!settings.drift && takenBack !== loaded) {
          takenBack = loaded;
          takeBack(host, models, modelName, loaded).catch(host.fail);
        }
        if (current.problem === undefined) return host.show("ok", host.text("status.ready", { use, version }));
        host.show("failed", host.text("status.keeps", { version }));
        host.fail(new Failure("damaged", `${current.problem} Version ${version} of ${modelName} goes on.`));
      } catch (error) {
        // Each message will say so.
        if (error instanceof Refusal && error.code === "no-model")
          host.show("waiting", host.text("status.noModel", { use }));
        else host.show("failed", error instanceof Error ? error.message : String(error));
      }
    }

    function follow(loaded: Loaded): void {
      if (watched === loaded) return;
      // Refuses each message where the units do not go together.
      conversions = featureConversions(loaded.predictor.model.features, (name) => units?.get(name)?.unit);
      watched = loaded;
      watch = drift?.of(loaded);
    }

    const options: PredictOptions = { interval, explain, combination: domain !== "ignore" };

    function readRow(row: unknown, index?: number): Row {
      if (isObject(row)) return inModelUnits(row as Row, conversions);
      throw new Refusal(
        refuse("bad-payload", `The row is ${quote(row)}.`, "Send objects with a value for each feature.", { index }),
      );
    }

    /** Of the row that the predictor has predicted last. */
    function told(
      { predictor, version }: Loaded,
      row: Row,
      prediction: Prediction,
      moment?: Moment,
      index?: number,
    ): ModelPrediction {
      if (watch) drift?.tell(watch.see(predictor.row));
      if (prediction.outside && domain === "refuse")
        throw new Refusal(outOfDomain(prediction, modelName, version, index));
      if (watch) {
        const truth = truthIn(row, predictor.model);
        if (truth !== undefined) drift?.tell(watch.compare(prediction.value, truth));
        else if (moment) drift?.truths.add(moment, { value: prediction.value, version });
      }
      if (domain !== "ignore") return { ...prediction, model: modelName, version };
      const { outside, domainWhy, ...rest } = prediction;
      return { ...rest, model: modelName, version, domain: "unchecked" };
    }

    function one(loaded: Loaded, msg: Message, row: unknown): Outgoing {
      try {
        const prediction = loaded.predictor.predict(readRow(row), options);
        msg.prediction = told(loaded, row as Row, prediction, drift && momentOf(msg));
      } catch (error) {
        if (error instanceof Refusal) badge.count(0, 1, loaded.version);
        throw error;
      }
      badge.count(1, 0, loaded.version);
      return [msg, null];
    }

    /** What came of an earlier prediction. */
    function compare({ predictor }: Loaded, msg: Message): Outgoing {
      if (!drift)
        throw new Refusal(
          refuse("bad-request", "msg.truth is compared only where drift is watched.", "Tick drift in this node."),
        );
      const { truth, prediction } = readTruth(msg, predictor.model, drift.truths);
      const { value, version } = prediction;
      if (version === watched?.version && watch) drift.tell(watch.compare(value, truth));
      const error = typeof value === "number" && typeof truth === "number" ? truth - value : undefined;
      msg.prediction = { value, model: modelName, version, truth, ...(error !== undefined && { error }) };
      badge.count(0, 0, version);
      return [msg, null];
    }

    async function many(loaded: Loaded, msg: Message, rows: unknown[], moments?: Moment[]): Promise<Outgoing> {
      const all = msg.payload as unknown[];
      const predictions: ModelPrediction[] = [];
      const good: unknown[] = [];
      const bad: unknown[] = [];
      const errors: RefusalInfo[] = [];
      function take(found: Prediction | Refusal, index: number): void {
        try {
          if (found instanceof Refusal) throw found;
          predictions.push(told(loaded, rows[index] as Row, found, moments?.[index], index));
          good.push(all[index]);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          bad.push(all[index]);
          errors.push({ ...error.info, index });
        }
      }
      const { predictor } = loaded;
      const { blockRows } = predictor;
      let started = performance.now();
      for (let from = 0; from < rows.length; from += blockRows) {
        predictor.predictBlock(
          Math.min(blockRows, rows.length - from),
          (i) => readRow(rows[from + i], from + i),
          (found, i) => take(found, from + i),
          options,
        );
        if (performance.now() - started <= sliceMs) continue;
        await nextTurn();
        started = performance.now();
      }
      badge.count(good.length, bad.length, loaded.version);
      const [first] = errors;
      const refused = first ? host.refused(refusedRows(msg, bad, errors, good.length > 0), first) : null;
      if (refused && good.length === 0) return [null, refused];
      msg.prediction = predictions;
      if (refused) {
        msg.payload = good;
        if (isObject(msg.twin) && msg.twin.batch !== undefined) msg.twin = { ...msg.twin, batch: good.length };
      }
      return [msg, refused];
    }

    function handle(loaded: Loaded, msg: Message): Outgoing | Promise<Outgoing> {
      follow(loaded);
      if (msg.truth !== undefined) return compare(loaded, msg);
      const { payload } = msg;
      // A prediction needs no twin: a plain object is scored whatever its topic.
      if (isObject(payload)) return one(loaded, msg, payload);
      const incoming = readMessage(msg);
      if (incoming.kind !== "batch") return many(loaded, msg, payload as unknown[]);
      const { samples } = incoming;
      return many(
        loaded,
        msg,
        samples.map(({ values }) => values),
        samples,
      );
    }

    return {
      input(msg, send) {
        const loaded = current.ready();
        if (!loaded) return later();
        const out = handle(loaded, msg);
        if (out instanceof Promise) return out.then(send);
        send(out);
        return undefined;

        async function later(): Promise<void> {
          send(await handle(await current.load(), msg));
        }
      },
    };
  },
});
