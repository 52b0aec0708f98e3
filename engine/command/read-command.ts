import { quote, type RefusalInfo, refuse } from "../contract/errors";
import { isTwinId } from "../contract/identity";
import { isDeeperThan } from "../ingest/is-deeper-than";
import { isPlainObject } from "../ingest/path";
import { readTime } from "../ingest/read-time";
import type { CommandKind } from "./command-record";

export interface CommandRequest {
  kind: CommandKind;
  name: string;
  args: unknown;
  /** Absent: it gets one of its own, and every message is another command. */
  id?: string;
  /** Ms since 1970-01-01 UTC. */
  expires?: number;
}

const maxArgsBytes = 64 * 1024;
const maxDepth = 32;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what a name must not hold
const namePattern = /^[^\u0000-\u001f\u007f-\u009f]{1,128}$/u;
const keys = ["id", "name", "args", "expires"];

/**
 * Reads what a message wants of a device. `msg.command` is the name of an action, with its arguments in `msg.payload`, or
 * `{ name, args, id, expires }`. Without a name, `msg.payload` holds the values desired.
 */
export function readCommand(command: unknown, payload: unknown): CommandRequest | { error: RefusalInfo } {
  const given = isPlainObject(command) ? command : {};
  // What this node itself puts there: a message that goes round again is a repeat of its command.
  const known = given.state === undefined ? keys : Object.keys(given);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown !== undefined) return wrong(`msg.command.${unknown} is not known.`, `Use ${keys.join(", ")}.`);
  const name = isPlainObject(command) ? command.name : command;
  const isAction = name !== undefined && name !== null && name !== "";
  if (isAction && !(typeof name === "string" && namePattern.test(name)))
    return wrong(
      `The name of the command is ${quote(name)}.`,
      "Put a text of 1 to 128 characters into msg.command, or msg.command.name.",
    );
  const args = isAction ? (isPlainObject(command) ? command.args : payload) : payload;
  const copy = isAction ? copyArgs(args) : copyDesired(args);
  if ("error" in copy) return copy;

  const request: CommandRequest = {
    kind: isAction ? "action" : "desired",
    name: isAction ? (name as string) : "",
    args: copy.args,
  };
  const { id, expires } = given;
  if (id !== undefined && id !== null && id !== "") {
    if (!isTwinId(id))
      return wrong(`msg.command.id is ${quote(id)}.`, "Use 1 to 128 letters, digits and . _ : - such as a UUID.");
    request.id = id;
  }
  if (expires !== undefined && expires !== null) {
    const time = readTime(expires);
    if (typeof time !== "number") return wrong(`msg.command.expires: ${time.message}`, time.hint);
    request.expires = time;
  }
  return request;
}

const wrong = (message: string, hint: string): { error: RefusalInfo } => ({
  error: refuse("bad-request", message, hint),
});

/** A copy of its own: what is sent later must not be what the flow has made of its message since. */
type Copy = { args: unknown } | { error: RefusalInfo };

function copyDesired(values: unknown): Copy {
  if (isPlainObject(values) && Object.keys(values).length > 0) return { args: { ...values } };
  const error = refuse(
    "bad-payload",
    `msg.payload is ${isPlainObject(values) ? "empty" : quote(values)}.`,
    "Put the values desired there, such as { speed: 80 }, or the name of an action into msg.command.",
  );
  return { error };
}

function copyArgs(args: unknown): Copy {
  if (isDeeperThan(maxDepth, args))
    return { error: refuse("too-deep", `The arguments are nested deeper than ${maxDepth}.`, "Send them flatter.") };
  let text: string | undefined;
  try {
    text = JSON.stringify(args);
  } catch {
    return { error: refuse("bad-payload", "The arguments cannot be written as JSON.", "Send plain values.") };
  }
  if (text === undefined) return { args: null };
  if (text.length <= maxArgsBytes) return { args: JSON.parse(text) as unknown };
  const message = `The arguments have ${text.length} characters.`;
  return { error: refuse("too-large", message, `Send ${maxArgsBytes} at most.`) };
}
