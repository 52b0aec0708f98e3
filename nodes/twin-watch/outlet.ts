import type { Host } from "../lib/define-node";
import type { Message } from "../lib/node-red";
import { createSeldom } from "../lib/seldom";
import { createBacklog, type Told } from "./backlog";
import { createPressure, type pressureLimits } from "./pressure";

export interface OutletLimits {
  pressure?: typeof pressureLimits;
  /** Twins whose events wait, merged, for a consumer that does not keep up. @default 10,000 */
  twins?: number;
}

export interface OutletOptions {
  /** The messages of an event. */
  messagesOf(event: Told): Message[];
  /** More twins wait than are kept: their changes are forgotten, and the present state is to be told anew. */
  onOverflow(): void;
  /** A deploy may have lost that event on its way. */
  onShaken(event: Told): void;
}

/**
 * Sends events in their order for as long as the nodes behind keep up. Then one event a twin waits, from what was told before to
 * the present state; beyond a number of twins, nothing but deletions.
 */
export interface Outlet {
  tell(event: Told): void;
  /** Tells what room was given for, in front of all that waits. */
  tellAtOnce(event: Told): void;
  /** Takes what waits of that twin out. */
  take(id: string): Told[];
  /** Begins to send: until then everything waits. */
  open(): void;
  /** Resolves when there is room for so many events of a replay, which take half of the room and take turns with what waits; false: closed. */
  room(events: number): Promise<boolean>;
  readonly underWay: number;
  readonly waiting: number;
}

export function createOutlet(host: Host, options: OutletOptions, limits: OutletLimits = {}): Outlet {
  const backlog = createBacklog(limits.twins ?? 10_000);
  const pressure = createPressure(host, pump, options.onShaken, limits.pressure);
  let isOpen = false;
  let isPumping = false;
  let isBehind = false;
  let merged = 0;
  const mayWarn = createSeldom();
  let closed = false;
  /** A replay that waits for room. */
  let waiter: { events: number; wake(go: boolean): void } | undefined;
  /** Events that may go before the replay's next page. */
  let owed = 0;

  function send(event: Told): void {
    if (event.merged) merged += event.merged - 1;
    pressure.send(event, options.messagesOf(event));
  }

  const isReplaysTurn = (): boolean => waiter !== undefined && owed <= 0;
  const hasRoomFor = (events: number): boolean =>
    isOpen && pressure.hasRoom(events, 0.5) && (backlog.size === 0 || owed <= 0);

  function grant(events: number): true {
    owed = events;
    return true;
  }

  function pump(): void {
    // Where nothing is wired, an event is done before `send` returns.
    if (isPumping || closed || !isOpen) return;
    isPumping = true;
    while (backlog.size > 0 && pressure.hasRoom() && !isReplaysTurn()) {
      owed--;
      for (const event of backlog.take()) send(event);
    }
    isPumping = false;
    if (isBehind) showBehind();
    if (!waiter || !hasRoomFor(waiter.events)) return;
    const { events, wake } = waiter;
    waiter = undefined;
    wake(grant(events));
  }

  function showBehind(): void {
    if (backlog.size > 0) {
      host.show("waiting", () =>
        host.text("status.behind", { twins: backlog.size, where: pressure.where() ?? host.text("status.flow") }),
      );
      return;
    }
    isBehind = false;
    host.show("ok", host.text("status.caughtUp", { count: merged }));
    merged = 0;
  }

  function fallBehind(): void {
    isBehind = true;
    if (!mayWarn()) return;
    host.warn(host.text("problem.behind", { count: pressure.underWay, where: pressure.where() ?? "?" }));
  }

  host.onClose(() => {
    closed = true;
    backlog.clear();
    waiter?.wake(false);
  });

  return {
    tell(event) {
      if (closed) return;
      const hasRoom = isOpen && pressure.hasRoom();
      if (hasRoom && backlog.size === 0 && !isReplaysTurn()) return send(event);
      if (isOpen && !hasRoom && !isBehind) fallBehind();
      if (isBehind) showBehind();
      if (backlog.add(event)) return;
      const before = backlog.size;
      if (backlog.forgetChanges() === before) {
        host.warn(host.text("problem.lost", { count: before }));
        backlog.clear();
      }
      // What is no deletion is in the present state.
      if (!event.after) backlog.add(event);
      options.onOverflow();
    },
    tellAtOnce(event) {
      if (!closed) send(event);
    },
    take: backlog.take,
    open() {
      isOpen = true;
      pump();
    },
    room(events) {
      if (closed) return Promise.resolve(false);
      if (hasRoomFor(events)) return Promise.resolve(grant(events));
      return new Promise((resolve) => {
        waiter = { events, wake: resolve };
      });
    },
    get underWay() {
      return pressure.underWay;
    },
    get waiting() {
      return backlog.size;
    },
  };
}
