interface Events {
  on(name: string, listener: () => void): unknown;
}

const waitingOf = new WeakMap<Events, Set<() => void>>();

/**
 * Calls `begin` once, when the flows have started. One listener serves all nodes: Node.js takes more than ten for a leak.
 *
 * @returns takes it back
 */
export function onceFlowsStarted(events: Events, begin: () => void): () => void {
  const waiting = waitingOf.get(events) ?? listenTo(events);
  waiting.add(begin);
  return () => void waiting.delete(begin);
}

function listenTo(events: Events): Set<() => void> {
  const waiting = new Set<() => void>();
  waitingOf.set(events, waiting);
  events.on("flows:started", () => {
    const all = [...waiting];
    waiting.clear();
    for (const begin of all) begin();
  });
  return waiting;
}
