import { setImmediate as nextTurn } from "node:timers/promises";
import { Failure, quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { Row } from "../../engine/contract/messages";
import type { Outside, Prediction } from "../../engine/learning/predictor";
import { defineNode } from "../lib/define-node";
import { isObject, readMessage, refusedRows } from "../lib/messages";
import type { Message, Outgoing } from "../lib/node-red";
import type { TwinStore } from "../twin-store/store";
import { currentModel, type Loaded } from "./current-model";
import { readTwinPredictSettings, type TwinPredictSettings } from "./twin-predict.settings";

/** `msg.prediction`; of a batch or table the list of these, one for each row. */
export type ModelPrediction = Omit<Prediction, "domain"> & {
  model: string;
  version: number;
  /** `unchecked` with the setting `ignore`. */
  domain: Prediction["domain"] | "unchecked";
};

/** Ms of scoring before other work gets its turn. */
const sliceMs = 15;
/** The badge is renewed at most this often: a stream may bring thousands of samples a second. */
const badgeMs = 300;

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
    let timer: NodeJS.Timeout | undefined;
    host.onClose(() => clearTimeout(timer));
    void warmUp();

    /** Has the model ready before the first message needs it, and shows which one it is. */
    async function warmUp(): Promise<void> {
      try {
        const { version } = await current.load();
        host.show("ok", host.text("status.ready", { use, version }));
      } catch (error) {
        // Each message will say so.
        if (error instanceof Refusal && error.code === "no-model")
          host.show("waiting", host.text("status.noModel", { use }));
        else host.show("failed", error instanceof Error ? error.message : String(error));
      }
    }
    let scored = 0;
    let refusedCount = 0;
    function count(good: number, bad: number, version: number): void {
      scored += good;
      refusedCount += bad;
      timer ??= setTimeout(() => {
        timer = undefined;
        const text = host.text("status.scored", { version, scored, refused: refusedCount });
        host.show(bad > 0 ? "refused" : "ok", text);
      }, badgeMs);
    }

    function predict({ predictor, version }: Loaded, row: unknown, index?: number): ModelPrediction {
      if (!isObject(row))
        throw new Refusal(
          refuse("bad-payload", `The row is ${quote(row)}.`, "Send objects with a value for each feature.", { index }),
        );
      const prediction = predictor.predict(row as Row, { interval, explain });
      if (prediction.outside && domain === "refuse")
        throw new Refusal(outOfDomain(prediction.outside, modelName, version, index));
      if (domain !== "ignore") return { ...prediction, model: modelName, version };
      const { outside, ...rest } = prediction;
      return { ...rest, model: modelName, version, domain: "unchecked" };
    }

    function one(loaded: Loaded, msg: Message, row: unknown): Outgoing {
      try {
        msg.prediction = predict(loaded, row);
      } catch (error) {
        if (error instanceof Refusal) count(0, 1, loaded.version);
        throw error;
      }
      count(1, 0, loaded.version);
      return [msg, null];
    }

    async function many(loaded: Loaded, msg: Message, rows: unknown[]): Promise<Outgoing> {
      const all = msg.payload as unknown[];
      const predictions: ModelPrediction[] = [];
      const good: unknown[] = [];
      const bad: unknown[] = [];
      const errors: RefusalInfo[] = [];
      let started = performance.now();
      for (let index = 0; index < rows.length; index++) {
        try {
          predictions.push(predict(loaded, rows[index], index));
          good.push(all[index]);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          bad.push(all[index]);
          errors.push({ ...error.info, index });
        }
        if (index % 64 === 63 && performance.now() - started > sliceMs) {
          await nextTurn();
          started = performance.now();
        }
      }
      count(good.length, bad.length, loaded.version);
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
      const { payload } = msg;
      // A prediction needs no twin: a plain object is scored whatever its topic.
      if (isObject(payload)) return one(loaded, msg, payload);
      const incoming = readMessage(msg);
      return many(
        loaded,
        msg,
        incoming.kind === "batch" ? incoming.samples.map(({ values }) => values) : (payload as unknown[]),
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

function outOfDomain(outside: Outside[], model: string, version: number, index?: number): RefusalInfo {
  const [first] = outside as [Outside];
  const range =
    first.min === undefined
      ? "which it was not trained with"
      : `outside of the ${first.min} to ${first.max} it was trained with`;
  const more =
    outside.length > 1
      ? ` So are ${outside
          .slice(1)
          .map(({ feature }) => feature)
          .join(", ")}.`
      : "";
  return refuse(
    "out-of-domain",
    `Version ${version} of ${model} got ${quote(first.feature)} as ${quote(first.value)}, ${range}.${more}`,
    "Check the reading; train with rows like it; or set domain to flag, which predicts and says so.",
    { property: first.feature, index },
  );
}
