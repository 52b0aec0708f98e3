import { isPlainObject } from "../ingest/path";

const maxText = 500;
const maxBytes = 64 * 1024;

/** What a device answers to a command or to desired values. */
export interface Answer {
  /** Of the command; absent where the device names none. */
  id?: string;
  /** Of the desired values. */
  version?: number;
  code: number;
  text: string;
  result?: unknown;
}

/**
 * Reads a device's answer: JSON or an object `{ id, code, text, result }`, for desired values `{ version, code, text }`.
 * `correlation` (MQTT 5) stands for what it does not name itself: then any payload is an answer, and is the result of a
 * command that went well. Undefined for what is no answer.
 */
export function readAnswer(payload: unknown, correlation?: string): Answer | undefined {
  const value = typeof payload === "string" ? parse(payload) : payload;
  const fields = isPlainObject(value) ? value : {};
  const code = Number.isInteger(fields.code) ? (fields.code as number) : undefined;
  if (code === undefined ? correlation === undefined : code < 200 || code > 599) return undefined;
  const id = typeof fields.id === "string" ? fields.id : correlation;
  const answer: Answer = { code: code ?? 200, text: typeof fields.text === "string" ? shortened(fields.text) : "" };
  if (id !== undefined) answer.id = id;
  const version = typeof fields.version === "number" ? fields.version : versionIn(correlation);
  if (version !== undefined) answer.version = version;
  const result = code === undefined ? value : fields.result;
  if (result !== undefined && fits(result)) answer.result = result;
  return answer;
}

const shortened = (text: string): string => (text.length > maxText ? `${text.slice(0, maxText - 1)}…` : text);

const versionIn = (correlation: string | undefined): number | undefined =>
  correlation !== undefined && /^\d{1,15}$/.test(correlation) ? Number(correlation) : undefined;

function parse(text: string): unknown {
  if (text.length > maxBytes) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function fits(result: unknown): boolean {
  try {
    return (JSON.stringify(result)?.length ?? 0) <= maxBytes;
  } catch {
    return false;
  }
}
