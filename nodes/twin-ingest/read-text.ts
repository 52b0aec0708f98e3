import { isUtf8 } from "node:buffer";
import { quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import { detectFormat, type TextFormat } from "../../engine/ingest/detect-format";
import { defaultLimits } from "../../engine/ingest/limits";
import { parseJson } from "../../engine/ingest/parse-json";
import { readCsv } from "../lib/read-csv";
import { decode, type Encoding } from "./decode";
import type { TextFormatSetting } from "./twin-ingest.settings";

/** What a door knows of a text: an HTTP content type says it. */
export interface KnownText {
  format?: TextFormat | undefined;
  encoding?: Encoding | undefined;
}

export interface TextRules {
  format: TextFormatSetting;
  /** Names of the columns of a CSV without a header line. */
  columns?: readonly string[];
  /** Of bytes. @default "utf-8" */
  encoding?: Encoding;
}

export interface ParsedPayload {
  value: unknown;
  /** Cells of a CSV: all values are text. */
  fromText: boolean;
  faults?: ReadonlyMap<number, RefusalInfo>;
}

/**
 * A payload as objects: text and bytes are parsed as JSON or CSV, anything else is taken as it is. Throws `Refusal`.
 *
 * @param known goes before the rules
 */
export function readText(
  payload: unknown,
  { format, columns = [], encoding = "utf-8" }: TextRules,
  known: KnownText = {},
): ParsedPayload {
  const text = textOf(payload, known.encoding ?? encoding);
  if (text === undefined) return { value: payload, fromText: false };
  switch (format === "auto" ? (known.format ?? detectFormat(text, columns.length > 0)) : format) {
    case "json":
      return {
        value: parseJson(text.startsWith("\uFEFF") ? text.slice(1) : text, defaultLimits.maxDepth),
        fromText: false,
      };
    case "csv": {
      const { rows, faults } = readCsv(text, columns);
      return { value: rows, fromText: true, faults };
    }
    default:
      throw new Refusal(
        refuse(
          "bad-payload",
          `The payload ${quote(text)} is neither a JSON object or array, nor CSV with a header line.`,
          'Send for example {"temperature": 25}.',
        ),
      );
  }
}

/** What a presence topic carries: an object, or a word. Throws `Refusal`. */
export function readWord(payload: unknown): unknown {
  const text = textOf(payload, "utf-8")?.trim();
  return text?.startsWith("{") ? parseJson(text, defaultLimits.maxDepth) : (text ?? payload);
}

/** The text of bytes or text; undefined for objects. */
function textOf(payload: unknown, encoding: Encoding): string | undefined {
  if (typeof payload === "string") {
    // A character has one byte at least, and three at most for one unit of its length.
    if (payload.length * 3 > defaultLimits.maxBytes) limitBytes(Buffer.byteLength(payload));
    return payload;
  }
  if (!(payload instanceof Uint8Array)) return undefined;
  const bytes = Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  limitBytes(bytes.length);
  return decode(bytes, encoding);
}

function limitBytes(bytes: number): void {
  if (bytes > defaultLimits.maxBytes) throw new Refusal(tooLarge(bytes));
}

/** @param bytes undefined when reading stopped at the limit */
export const tooLarge = (bytes?: number): RefusalInfo =>
  refuse(
    "too-large",
    bytes === undefined
      ? `The payload has more than ${defaultLimits.maxBytes} bytes.`
      : `The payload has ${bytes} bytes; ${defaultLimits.maxBytes} are allowed.`,
    "Split it into several messages.",
  );

/** What a refused message carries: text where the bytes are text. */
export function shownPayload(payload: unknown): unknown {
  return Buffer.isBuffer(payload) && isUtf8(payload) ? payload.toString("utf8") : payload;
}
