import type { Role } from "./roles";

/** How long somebody stays signed in: `idleMs` without doing anything, `totalMs` at most. */
export interface SessionLimits {
  idleMs: number;
  totalMs: number;
}

const hourMs = 3_600_000;
/** A shift. */
const acting: SessionLimits = { idleMs: hourMs, totalMs: 12 * hourMs };
/** A wall that shows pages is nobody's hand: it may hang there for a month. */
const looking: SessionLimits = { idleMs: 30 * 24 * hourMs, totalMs: 30 * 24 * hourMs };

export const sessionLimits: Record<Role, SessionLimits> = {
  viewer: looking,
  operator: acting,
  engineer: acting,
  quality: acting,
  admin: acting,
};

/** Why a session is over; undefined while it is not. A clock that was set back ends nothing before its time. */
export function whyOver(
  session: { startedMs: number; seenMs: number },
  limits: SessionLimits,
  nowMs: number,
): "idle" | "too long" | undefined {
  if (nowMs - session.startedMs >= limits.totalMs) return "too long";
  if (nowMs - session.seenMs >= limits.idleMs) return "idle";
  return undefined;
}
