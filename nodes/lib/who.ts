import { quote, Refusal, refuse } from "../../engine/contract/errors";
import { isRole, type Role } from "../../engine/security/roles";
import { isObject } from "./messages";
import type { Message } from "./node-red";

/** Who wants something, and why: `msg.user` and `msg.reason`. */
export interface Who {
  user?: string;
  /** Only of a user that is an object: a name alone proves nothing. */
  role?: Role;
  reason?: string;
}

const maxName = 128;
const maxReason = 500;

/** `msg.user` is `{ name, role }`, as the sign-in of the pages or the flow's own authentication sets it, or a name. */
export function readWho(msg: Message): Who {
  const who: Who = {};
  const { user } = msg;
  const name = isObject(user) ? user.name : user;
  if (isText(name, "msg.user", maxName)) who.user = name;
  if (isObject(user) && isRole(user.role)) who.role = user.role;
  if (isText(msg.reason, "msg.reason", maxReason)) who.reason = msg.reason.trim();
  return who;
}

/** `msg.clientToken`, by which who asked knows the answer and the event again. */
export const readClientToken = (msg: Message): string | undefined =>
  isText(msg.clientToken, "msg.clientToken", maxName) ? msg.clientToken : undefined;

/** False for none. What is kept in the twin's document is bounded, and never cut: a part of a reason is another reason. */
function isText(value: unknown, field: string, max: number): value is string {
  if (value === undefined || value === null || value === "") return false;
  if (typeof value !== "string") throw new Refusal(refuse("bad-request", `${field} is ${quote(value)}.`, "Send text."));
  if (value.length > max)
    throw new Refusal(refuse("too-large", `${field} has ${value.length} characters.`, `Send ${max} at most.`));
  return value.trim() !== "";
}
