import { Failure, quote } from "../contract/errors";
import { idHint, isTwinId } from "../contract/identity";
import type { Path } from "./path";

/** Where a sample's id, time, sequence number or values are found: the settings `idFrom`, `tsFrom`, `seqFrom`, `valuesFrom`. */
export type Origin =
  /** A level of the topic, from 0; negative from the end. */
  | { from: "topic"; level: number }
  /** A field of the payload; an empty path is the payload itself. */
  | { from: "payload"; path: Path }
  /** A field of the message. */
  | { from: "msg"; path: Path }
  | { from: "const"; value: string }
  /** The moment of arrival. */
  | { from: "arrival" }
  | { from: "nothing" };

export type OriginKind = "topic" | "payload" | "payload:" | "msg" | "const" | "arrival";

const examples: Record<OriginKind, string> = {
  topic: "topic:0",
  payload: "payload",
  "payload:": "payload:<path>",
  msg: "msg:<path>",
  const: "const:<id>",
  arrival: "arrival",
};

/** Reads such a setting. Throws `Failure` `bad-setting`, naming the field, the value and what may stand there. */
export function readOrigin(field: string, text: string, kinds: readonly OriginKind[]): Origin {
  const wrong = (fix: string): Failure => new Failure("bad-setting", `${field} is ${quote(text)}:`, fix);
  const colon = text.indexOf(":");
  const kind = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? "" : text.slice(colon + 1).trim();
  const known = kinds.some((one) => one === kind || (one === "payload:" && kind === "payload" && rest !== ""));
  if (!known) throw wrong(`use ${kinds.map((one) => examples[one]).join(", ")}.`);
  switch (kind) {
    case "topic": {
      const level = rest === "" ? 0 : Number(rest);
      if (!Number.isInteger(level))
        throw wrong("use topic:<n>, such as topic:0 for the first level, topic:-1 for the last.");
      return { from: "topic", level };
    }
    case "const":
      if (!isTwinId(rest)) throw wrong(`${rest === "" ? "name the twin after const:." : idHint}`);
      return { from: "const", value: rest };
    case "payload":
      return { from: "payload", path: pathOf(rest) };
    case "msg":
      if (rest === "") throw wrong("name a field of the message, such as msg:device.id.");
      return { from: "msg", path: pathOf(rest.startsWith("msg.") ? rest.slice(4) : rest) };
    default:
      return { from: "arrival" };
  }
}

/** `a.b[0].c` and `a.b.0.c` are the same path. */
const pathOf = (text: string): Path => (text === "" ? [] : text.replace(/\[(\d+)\]/g, ".$1").split("."));

/** One level of a topic; "" when it has none. */
export function topicLevel(topic: string, level: number): string {
  if (level === 0) {
    const end = topic.indexOf("/");
    return end < 0 ? topic : topic.slice(0, end);
  }
  return topic.split("/").at(level) ?? "";
}
