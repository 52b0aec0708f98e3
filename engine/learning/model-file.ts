import { quote, Refusal, type RefusalInfo, refuse } from "../contract/errors";
import { type Model, scorerOf } from "./model";

/** A model version as it travels between registries: JSON, with a checksum over all the rest. */
export interface ModelFile {
  format: "meditwin-model";
  formatVersion: 1;
  name: string;
  version: number;
  /** Ms since 1970-01-01 UTC. */
  createdAt: number;
  /** The report of the training. */
  report: Record<string, unknown>;
  model: Model;
  /** SHA-256, in hex, of the JSON text (keys in the order in which they stand, no blanks) of the fields from name to model. */
  sha256: string;
}

/** More is not put into one message: it would hold everything else up for seconds. */
export const maxModelFileBytes = 32 * 2 ** 20;

type Content = Omit<ModelFile, "format" | "formatVersion" | "sha256">;

/** @param digest SHA-256 of a text, in hex */
export function writeModelFile(content: Content, digest: (text: string) => string): string {
  const { name, version, createdAt, report, model } = content;
  const text = JSON.stringify({ name, version, createdAt, report, model });
  if (text.length > maxModelFileBytes) throw tooLarge(text.length);
  return `{"format":"meditwin-model","formatVersion":1,${text.slice(1, -1)},"sha256":"${digest(text)}"}`;
}

/**
 * A file's text, or an object that a JSON node made of one, as an object. Refuses with `bad-json` what is cut off or no JSON,
 * `bad-payload` what is no object, `too-large`.
 */
export function parseModelFile(given: unknown): object {
  const file = typeof given === "string" ? parse(given) : given;
  if (typeof file === "object" && file !== null && !Array.isArray(file)) return file;
  throw noModel();
}

/**
 * Reads a parsed file. Refuses with `bad-payload` what is no such file, `too-large`, `schema-mismatch` what is of a later
 * format, `damaged` what was changed on the way or cannot be calculated with.
 */
export function readModelFile(file: object, digest: (text: string) => string): Content {
  if ((file as Partial<ModelFile>).format !== "meditwin-model") throw noModel();
  const { formatVersion, name, version, createdAt, report, model, sha256 } = file as ModelFile;
  if (formatVersion !== 1)
    throw refusal(
      refuse(
        "schema-mismatch",
        `The model file has the format version ${quote(formatVersion)}; this version reads 1.`,
        "Update this package where the file comes from a newer one.",
      ),
    );
  const text = JSON.stringify({ name, version, createdAt, report, model });
  if (text.length > maxModelFileBytes) throw tooLarge(text.length);
  const isWhole =
    typeof name === "string" &&
    Number.isInteger(version) &&
    Number.isFinite(createdAt) &&
    typeof report === "object" &&
    report !== null;
  if (!isWhole || digest(text) !== sha256)
    throw refusal(
      refuse(
        "damaged",
        `The file of the model ${quote(name)} does not match its checksum: it was changed or cut on the way.`,
        "Export it again, and send the file as it is.",
      ),
    );
  // Whether it can be calculated with is found out here, not by the first sample.
  scorerOf(model);
  return { name, version, createdAt, report, model };
}

function parse(text: string): unknown {
  if (text.length > maxModelFileBytes + 1000) throw tooLarge(text.length);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refusal(
      refuse(
        "bad-json",
        `The model file is no JSON: ${(error as Error).message}.`,
        "It may be cut off: send the whole file.",
      ),
    );
  }
}

const noModel = (): Refusal =>
  refusal(
    refuse(
      "bad-payload",
      "This is no exported model: it lacks format meditwin-model.",
      "Send what export gave, or the JSON of a forest of ml-random-forest.",
    ),
  );

const refusal = (info: RefusalInfo): Refusal => new Refusal(info);

const tooLarge = (bytes: number): Refusal =>
  refusal(
    refuse(
      "too-large",
      `The model file has ${Math.ceil(bytes / 2 ** 20)} MiB, more than ${maxModelFileBytes / 2 ** 20}.`,
      "Grow fewer or smaller trees: minLeaf 5 makes them about five times smaller.",
    ),
  );
