import { atLeast } from "../engine/security/roles";
import { addressOf, isUnderOwnName, type Request, type Visitor } from "./http";
import { asLookingPage, type Emitting, lookingOnly } from "./looking-only";
import { withPageUser } from "./page-user";
import type { PeopleLog } from "./people-log";
import { keyOf, type Sessions } from "./sessions";

/** The little of socket.io that is used here. */
export interface PageSocket extends Emitting {
  request: unknown;
  data: Record<string, unknown>;
  use(filter: (packet: unknown[], pass: (error?: Error) => void) => void): unknown;
  on(event: "disconnecting", listener: () => void): unknown;
  disconnect(close: boolean): unknown;
}
export type SocketMiddleware = (socket: PageSocket, next: (error?: Error) => void) => void;

/** Where nobody signs in: everybody on this machine may act, or nobody. */
export function openSockets(options: { readOnly: boolean }): SocketMiddleware {
  return (socket, next) => {
    const readOnly = options.readOnly || !isUnderOwnName(socket.request as Request);
    filter(socket, () => ({ readOnly }), { answers: readOnly ? asLookingPage(socket) : undefined });
    next();
  };
}

/** `dashboard.ioMiddleware`: lets in who is signed in, as long as that lasts. Whatever a viewer sends goes nowhere. */
export function signedInSockets(options: {
  /** express-session. */
  session(req: Request, res: object, next: (error?: unknown) => void): void;
  sessions: Sessions;
  log: PeopleLog;
  now(): number;
}): SocketMiddleware {
  const { session, sessions, log, now } = options;
  const open = new Map<string, Set<PageSocket>>();
  // Who is signed out, demoted or over time does not even look any more.
  sessions.onEnd((key) => {
    for (const socket of open.get(key) ?? []) socket.disconnect(true);
  });

  return (socket, next) => {
    const request = socket.request as Request;
    session(request, {}, (error) => {
      const id = request.sessionID ?? "";
      const user = error ? undefined : sessions.who(id);
      // The bar on every page knows this text, and loads the page anew.
      if (!user) return next(new Error("not signed in"));
      const readOnly = !atLeast(user.role, "operator");
      socket.data.meditwin = { user };
      const key = keyOf(id);
      open.set(key, (open.get(key) ?? new Set()).add(socket));
      // Not "disconnect": at a full deploy the dashboard takes away whoever listens to that, and closed pages would pile up.
      socket.on("disconnecting", () => {
        open.get(key)?.delete(socket);
        if (open.get(key)?.size === 0) open.delete(key);
      });
      let toldMs = Number.NEGATIVE_INFINITY;
      filter(
        socket,
        () => {
          if (sessions.who(id)) return { user, readOnly };
          socket.disconnect(true);
          return undefined;
        },
        {
          answers: readOnly ? asLookingPage(socket) : undefined,
          // What a page says by itself keeps nobody signed in.
          seen: (packet) => !isByItself(packet) && sessions.seen(id),
          // One line in ten seconds is enough to know of it.
          dropped(event) {
            if (now() - toldMs < 10_000) return;
            toldMs = now();
            log.record({
              event: "not allowed",
              ...user,
              address: addressOf(request),
              what: String(event).slice(0, 40),
            });
          },
        },
      );
      next();
    });
  };
}

/** What security/dashboard-hooks.ts sets the user of. */
const hooked = new Set<unknown>(["widget-action", "widget-change", "widget-send"]);

/** A widget that is shown, or one that asks again for what it shows (`auto`). */
function isByItself([event, , message]: unknown[]): boolean {
  if (event === "widget-load") return true;
  const { topic, payload } = (message ?? {}) as { topic?: unknown; payload?: { auto?: unknown } | null };
  return event === "widget-send" && topic === "look" && payload?.auto === true;
}

/** Judges each packet when it comes. Without `pass` it goes nowhere. */
function filter(
  socket: PageSocket,
  sender: () => Visitor | undefined,
  {
    answers,
    ...tell
  }: {
    answers?: ((id: unknown) => boolean) | undefined;
    seen?(packet: unknown[]): unknown;
    dropped?(event: unknown): void;
  },
): void {
  socket.use((packet, pass) => {
    const who = sender();
    if (!who) return;
    const allowed = who.readOnly ? lookingOnly(packet, answers) : packet.slice();
    if (!allowed) return tell.dropped?.(packet[0]);
    tell.seen?.(packet);
    // Events that the dashboard's hooks do not see: ui-event's, and those of other makers' widgets.
    const isHooked = hooked.has(packet[0]);
    packet.splice(
      0,
      packet.length,
      ...(isHooked ? allowed : allowed.map((part) => withPageUser(part, { user: who.user }))),
    );
    pass();
  });
}
