import { quote, Refusal, refuse } from "../../engine/contract/errors";
import type { ForestNames } from "../../engine/learning/forest/ml-random-forest-file";
import { isObject } from "../lib/messages";
import type { Message } from "../lib/node-red";
import { type Operation, operations, registryKeys, type TwinRegistrySettings } from "./twin-registry.settings";

/** What one message asks of the registry. */
export interface Order {
  operation: Operation;
  name: string;
  alias: string;
  /** A version or an alias; "" for none. */
  version: string;
  /** Of `compare`: the other one; "" for the alias. */
  with: string;
  /** Of `import`: what the JSON of ml-random-forest does not say. */
  names: ForestNames;
  /** Of `import`: the SHA-256 that the file should have, in hex; "" for any. */
  sha256: string;
}

const maxName = 128;

/** The settings, with `msg.registry` over them; the model is that of `msg.topic` where the settings name none. */
export function readOrder(msg: Message, settings: TwinRegistrySettings): Order {
  const given = msg.registry ?? {};
  if (!isObject(given)) throw bad("registry", given, 'Use an object such as { operation: "promote", version: 3 }.');
  for (const key of Object.keys(given))
    if (!registryKeys.some((known) => known === key))
      throw bad(`registry.${key}`, given[key], `There is no such key: use ${registryKeys.join(", ")}.`);
  const operation = given.operation === undefined ? settings.operation : given.operation;
  if (!operations.some((one) => one === operation))
    throw bad("registry.operation", operation, `Use ${operations.join(", ")}.`);
  return {
    operation: operation as Operation,
    name: text("registry.modelName", given.modelName) || settings.modelName || text("topic", msg.topic),
    alias: aliasOf(text("registry.alias", given.alias) || settings.alias),
    version: text("registry.version", given.version ?? msg.version),
    with: text("registry.with", given.with),
    names: { features: given.features, target: given.target, labels: given.labels },
    sha256: text("registry.sha256", given.sha256),
  };
}

/** A number would be taken for a version. */
function aliasOf(alias: string): string {
  if (/^[A-Za-z][A-Za-z0-9._-]{0,63}$/.test(alias)) return alias;
  throw bad("alias", alias, "Use 1 to 64 letters, digits and . _ -, beginning with a letter.");
}

function text(field: string, value: unknown): string {
  if (value === undefined || value === null) return "";
  if ((typeof value === "string" && value.length <= maxName) || typeof value === "number") return String(value).trim();
  throw bad(field, value, `Use text of ${maxName} characters at most, or a number.`);
}

const bad = (field: string, value: unknown, hint: string): Refusal =>
  new Refusal(refuse("bad-request", `msg.${field} is ${quote(value)}.`, hint, { property: field }));
