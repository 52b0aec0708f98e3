import { guardPerson } from "../../engine/command/guard";
import { quote, Refusal, refuse } from "../../engine/contract/errors";
import { compareReports } from "../../engine/learning/compare-reports";
import type { Model } from "../../engine/learning/model";
import { writeModelFile } from "../../engine/learning/model-file";
import { defineNode } from "../lib/define-node";
import type { Message } from "../lib/node-red";
import { readWho } from "../lib/who";
import type { ModelRegistry, ModelSummary, ModelVersion, TwinStore } from "../twin-store/store";
import { readImport, sha256 } from "./read-import";
import { type Order, readOrder } from "./read-order";
import {
  changing,
  type Operation,
  readTwinRegistrySettings,
  type TwinRegistrySettings,
} from "./twin-registry.settings";

type By = Parameters<ModelRegistry["approve"]>[2];

export default defineNode<TwinRegistrySettings>({
  type: "twin-registry",
  serial: true,
  readSettings: readTwinRegistrySettings,
  start(host, settings) {
    const { models } = host.use<TwinStore>("twin-store", settings.store);

    /** The version that is meant; by default the one that the alias points to. */
    async function find({ name, alias, version }: Order, use = version || alias): Promise<ModelVersion> {
      const found = await models.get(name, use);
      if (found) return found;
      throw new Refusal(
        refuse("not-found", `The model ${quote(name)} has no version ${quote(use)}.`, "List its versions first."),
      );
    }

    /** What changes a version needs it named: an alias may have moved since it was looked at. */
    function numbered({ version }: Order): number {
      if (/^[1-9]\d{0,8}$/.test(version)) return Number(version);
      throw new Refusal(
        refuse(
          "bad-request",
          version === "" ? "No version is given." : `The version is ${quote(version)}.`,
          "Send the number of the version in msg.version.",
          { property: "version" },
        ),
      );
    }

    const operate: Record<Operation, (order: Order, msg: Message, by: By) => Promise<unknown>> = {
      list: async ({ name }) => (await models.list(name || undefined)).map(withoutPredictions),
      get: async (order) => {
        const { model, ...rest } = await find(order);
        return { ...rest, bytes: model.length, events: await models.events(order.name) };
      },
      compare: async (order) => compareReports(await find(order, order.with || order.alias), await find(order)),
      promote: async (order, _msg, by) => {
        const version = numbered(order);
        return models.promote(order.name, version, order.alias, by, ({ approved }) => {
          if (settings.requireApproval && !approved) throw notApproved(order.name, version);
        });
      },
      rollback: async (order, _msg, by) => models.rollback(order.name, order.alias, by),
      approve: async (order, _msg, by) => models.approve(order.name, numbered(order), by),
      retire: async (order, _msg, by) => models.retire(order.name, numbered(order), by),
      delete: async (order, _msg, by) => models.delete(order.name, numbered(order), by),
      async export(order, msg) {
        const { name, version, createdAt, report, model } = await find(order);
        msg.filename = `${name.replace(/[^A-Za-z0-9._-]/g, "_")}-v${version}.json`;
        return writeModelFile({ name, version, createdAt, report, model: JSON.parse(model) as Model }, sha256);
      },
      async import(order, { payload }, by) {
        const { name, report, model: imported } = readImport(payload, order);
        const own = order.name || name;
        const { model, ...added } = await models.add(
          own,
          (version) => ({ report: { ...report, model: own, version }, model: JSON.stringify(imported) }),
          by,
        );
        return added;
      },
    };

    return {
      async input(msg, send) {
        const order = readOrder(msg, settings);
        const { operation, name } = order;
        if (name === "" && operation !== "list" && operation !== "import")
          throw new Refusal(
            refuse(
              "bad-request",
              "No model is named.",
              "Name it in the node, in msg.topic, or in msg.registry.modelName.",
            ),
          );
        const who = readWho(msg);
        const refused = changing.includes(operation) && guardPerson(who, settings);
        if (refused) throw new Refusal(refused);
        msg.payload = await operate[operation](order, msg, { ...who, via: host.node.id });
        host.show("ok", host.text(`status.${operation}`, { model: name, version: versionOf(msg.payload) }));
        send([msg, null]);
      },
    };
  },
});

/** A list is for an overview: the pictures' points of each version would make it a hundred times larger. */
function withoutPredictions({ report, ...rest }: ModelSummary): ModelSummary {
  const { predictions, ...told } = report;
  return { ...rest, report: told };
}

const versionOf = (payload: unknown): string => String((payload as { version?: number } | undefined)?.version ?? "");

const notApproved = (name: string, version: number): Refusal =>
  new Refusal(
    refuse(
      "forbidden",
      `Version ${version} of the model ${name} is not approved.`,
      "Have it approved first: operation approve.",
    ),
  );
