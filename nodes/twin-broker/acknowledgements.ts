import type { Duplex } from "node:stream";

export interface AcknowledgementOptions {
  /** Most messages that wait for their acknowledgement; beyond it the next message waits. @default 1000 */
  maxWaiting?: number;
  /** How long an acknowledgement may be held. @default 30000 */
  patienceMs?: number;
  /** The message will not be recorded: nothing more is acknowledged on this connection. */
  onFailed(error: unknown): void;
}

/**
 * The PUBACKs of one connection, in the order of their messages (MQTT 4.6) and those of one turn in one write: a system call
 * for each would cost more than all the rest. mqtt.js could only hold one back by holding back every message behind it.
 */
export interface Acknowledgements {
  /** Acknowledges a message, `after` something when given. With a promise, the next message waits for it. */
  add(messageId: number, after?: Promise<unknown>): Promise<void> | undefined;
  /** Resolves when nothing is held any more. */
  settled(): Promise<void>;
  /** Writes what is due. Never anything again after `drop`. */
  flush(): void;
  drop(): void;
}

interface Held {
  messageId: number;
  ready: boolean;
}

const pubackBytes = 4;

export function createAcknowledgements(
  stream: Pick<Duplex, "write" | "writable">,
  { maxWaiting = 1000, patienceMs = 30_000, onFailed }: AcknowledgementOptions,
): Acknowledgements {
  let due: number[] = [];
  let held: Held[] = [];
  let scheduled = false;
  let dropped = false;
  let timer: NodeJS.Timeout | undefined;
  const waiting = new Set<{ below: number; go(): void }>();

  function flush(): void {
    scheduled = false;
    if (dropped || due.length === 0 || !stream.writable) return;
    const packets = Buffer.allocUnsafe(due.length * pubackBytes);
    for (const [index, messageId] of due.entries()) packets.writeUInt32BE(0x40020000 + messageId, index * pubackBytes);
    due = [];
    stream.write(packets);
  }

  function write(messageId: number): void {
    due.push(messageId);
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  function release(): void {
    let ready = 0;
    while (held[ready]?.ready) write((held[ready++] as Held).messageId);
    if (ready === 0) return;
    held.splice(0, ready);
    watch();
    for (const one of waiting) if (held.length < one.below) wake(one);
  }

  function wake(one: { go(): void }): void {
    waiting.delete(one as { below: number; go(): void });
    one.go();
  }

  const fewerThan = (below: number): Promise<void> =>
    new Promise((resolve) => {
      if (dropped || held.length < below) resolve();
      else waiting.add({ below, go: resolve });
    });

  /** The first in line must not wait for ever: behind it nothing is acknowledged. */
  function watch(): void {
    clearTimeout(timer);
    if (held.length === 0 || dropped) return;
    timer = setTimeout(() => fail(new Error(`not recorded within ${patienceMs / 1000} s`)), patienceMs);
    timer.unref();
  }

  function fail(error: unknown): void {
    if (dropped) return;
    drop();
    onFailed(error);
  }

  function drop(): void {
    dropped = true;
    clearTimeout(timer);
    due = [];
    held = [];
    for (const one of waiting) wake(one);
  }

  return {
    add(messageId, after) {
      if (dropped) return;
      if (!after && held.length === 0) return void write(messageId);
      const entry = { messageId, ready: !after };
      held.push(entry);
      if (held.length === 1) watch();
      after?.then(() => {
        entry.ready = true;
        release();
      }, fail);
      return held.length >= maxWaiting ? fewerThan(maxWaiting) : undefined;
    },
    settled: () => fewerThan(1),
    flush,
    drop,
  };
}
