import type { TwinDocument } from "../contract/document";
import { quote, type RefusalInfo, refuse } from "../contract/errors";
import { own } from "../contract/own";
import { type CompiledExpression, lookupIn } from "../expression/compile-expression";
import { atLeast, type Role } from "../security/roles";

export interface Interlock {
  text: string;
  condition: CompiledExpression;
}

/** Whether that person may command at all. */
export function guardPerson(
  who: { user?: string; role?: Role; reason?: string },
  needed: { role: Role | ""; requireReason: boolean },
): RefusalInfo | undefined {
  if (needed.role !== "" && !atLeast(who.role, needed.role))
    return refuse(
      "forbidden",
      `${who.user === undefined ? "Nobody is signed in" : `${quote(who.user)} has ${who.role ? `the role ${who.role}` : "no role"}`}; this takes the role ${needed.role}.`,
      "Sign in as somebody who may, or let the flow's authentication set msg.user to { name, role }.",
    );
  if (needed.requireReason && who.reason === undefined)
    return refuse("no-reason", "msg.reason is empty.", "Say why: the reason is kept with the command.");
  return undefined;
}

/**
 * Whether the machine's state allows it: only where the interlock is true. What is not known refuses: no value, one of bad
 * quality, or any value of a twin that is not live.
 */
export function guardState(
  twin: string,
  document: TwinDocument | undefined,
  interlock: Interlock | undefined,
): RefusalInfo | undefined {
  if (!interlock) return undefined;
  const { condition, text } = interlock;
  const isLive = document?.status === "live";
  const known = isLive ? knownOf(document, condition.names) : {};
  const problems: string[] = [];
  const result = condition.evaluate(lookupIn(known), (problem) => void problems.push(problem));
  if (result === true) return undefined;
  const values = condition.names.map(
    (name) => `${name} is ${Object.hasOwn(known, name) ? quote(known[name]) : "unknown"}`,
  );
  const isAllKnown = condition.names.every((name) => Object.hasOwn(known, name));
  if (result === undefined && isAllKnown) values.push(`which is unknown: ${problems[0]?.replace(/\.$/, "")}`);
  const why = isLive ? "" : ` (the twin is ${document?.status ?? "not known"}, so nothing of it is sure)`;
  return refuse(
    "interlocked",
    `${twin} does this only while ${text}; ${values.join(", ") || "it names no value"}${why}.`,
    "Bring the machine into that state, and command again.",
  );
}

function knownOf({ reported, meta }: TwinDocument, names: readonly string[]): TwinDocument["reported"] {
  const known: TwinDocument["reported"] = {};
  for (const name of names) {
    const value = own(reported, name);
    if (value !== undefined && own(meta, name)?.quality !== "bad") known[name] = value;
  }
  return known;
}
