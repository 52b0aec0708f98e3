import type { ErrorCode } from "../contract/errors";
import type { Role } from "../security/roles";

/** `action`: something to do once. `desired`: values that the device shall come to have. */
export type CommandKind = "action" | "desired";

export type CommandState = "open" | "acknowledged" | "refused" | "timed-out";

/** One command, as it is written down before it is sent. Times in ms since 1970-01-01 UTC. */
export interface CommandRecord {
  /** The idempotency key: under one id nothing runs twice. */
  id: string;
  twin: string;
  kind: CommandKind;
  /** Of the action; "" for desired values. */
  name: string;
  /** Arguments of the action, any JSON; the values desired. */
  args: unknown;
  user?: string;
  role?: Role;
  reason?: string;
  clientToken?: string;
  /** Id of the twin-command node. */
  node: string;
  at: number;
  /** From then on the device must not begin it any more. */
  expires: number;
  state: CommandState;
  /** How often it was sent, or was about to be when the process ended. */
  attempts: number;
  sentAt: number;
  /** The device has said that it is at it: nothing is sent again. */
  taken?: boolean;
  /** How it ended: 2xx, or what the device or this side refused with. */
  code?: number;
  text?: string;
  result?: unknown;
  endedAt?: number;
  /** With which code it left by the refusal output. */
  error?: ErrorCode;
}

/** How a command ends. */
export interface CommandOutcome extends Pick<CommandRecord, "result" | "error"> {
  state: Exclude<CommandState, "open">;
  code: number;
  text: string;
}

export interface CommandTiming {
  /** How long an answer is waited for, each time it is sent. */
  timeoutMs: number;
  /** How often an action is sent again. */
  retries: number;
}

/** When this side has given up on it, and the device must not begin it any more. */
export const lastMoment = (kind: CommandKind, now: number, { timeoutMs, retries }: CommandTiming): number =>
  now + timeoutMs * (kind === "action" ? retries + 1 : 1);

export type Step = { do: "wait"; until: number } | { do: "send" } | { do: "give up" };

/** What an open action needs now. What is written down counts as sent: it may have been. */
export function nextStep(record: CommandRecord, now: number, { timeoutMs, retries }: CommandTiming): Step {
  if (now >= record.expires) return { do: "give up" };
  if (record.taken) return { do: "wait", until: record.expires };
  const until = record.sentAt + timeoutMs;
  if (now < until) return { do: "wait", until: Math.min(until, record.expires) };
  return record.attempts <= retries ? { do: "send" } : { do: "give up" };
}

/** Whether both are the same command, so that the second is a repeat of the first. */
export const isSameCommand = (a: CommandRecord, b: CommandRecord): boolean =>
  a.twin === b.twin && a.kind === b.kind && a.name === b.name && canonical(a.args) === canonical(b.args);

/** JSON with the keys of objects in order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1)))
      : part,
  ) ?? "";

/** What flows and pages are shown of a command, in `msg.command`. */
export function shownOf(record: CommandRecord): Record<string, unknown> {
  const { id, kind, name, state, code, text, attempts, at, sentAt, expires, endedAt } = record;
  return {
    id,
    kind,
    ...(kind === "action" ? { name, attempts, sentAt } : {}),
    state,
    ...(code === undefined ? {} : { code, text }),
    at,
    expires,
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}
