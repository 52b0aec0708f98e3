/** Samples that may be handed on within one turn of the event loop. */
const perTurn = 200;

/** Resolves when the nodes that were sent something in this turn have received it. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Holds a source back after every 200 samples until the flow has received them: Node-RED delivers by setImmediate and knows
 * no backpressure, and mqtt.js hands over a whole chunk of packets in one turn.
 */
export function createPace(): (samples: number) => void | Promise<void> {
  let sent = 0;
  return (samples) => {
    sent += samples;
    if (sent < perTurn) return;
    sent = 0;
    return nextTurn();
  };
}
