import { quote, Refusal, refuse } from "../../engine/contract/errors";
import { flatten } from "../../engine/ingest/flatten";
import { defaultLimits } from "../../engine/ingest/limits";
import { parseJson } from "../../engine/ingest/parse-json";
import { isPlainObject } from "../../engine/ingest/path";

/**
 * The properties of a sample message that somebody pasted, flattened with dots: an object of values, an entry
 * `{ id, values }`, or a whole message `{ topic, payload }`. Of an array, the first element. Throws `Refusal`.
 */
export function readSampleText(text: unknown): Record<string, unknown> {
  if (typeof text !== "string" || text.trim() === "")
    throw new Refusal(refuse("bad-payload", "There is no sample.", 'Paste one, such as {"temperature": 25}.'));
  if (Buffer.byteLength(text) > defaultLimits.maxBytes)
    throw new Refusal(refuse("too-large", "The text is longer than 1 MiB.", "Paste one message."));
  let value = parseJson(text, defaultLimits.maxDepth);
  if (Array.isArray(value)) value = value[0];
  if (isPlainObject(value) && isPlainObject(value.payload)) value = value.payload;
  if (isPlainObject(value) && isPlainObject(value.values)) value = value.values;
  if (!isPlainObject(value))
    throw new Refusal(
      refuse("bad-payload", `The sample is ${quote(value)}.`, 'Paste an object, such as {"temperature": 25}.'),
    );
  const flattened = flatten(value, [], defaultLimits);
  if ("error" in flattened) throw new Refusal(flattened.error);
  return flattened.flat;
}
