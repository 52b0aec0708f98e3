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

/** Messages in a row that wait for the same. */
interface Held {
  messageIds: number[];
  after?: Promise<unknown>;
  ready: boolean;
}

const pubackBytes = 4;

export function createAcknowledgements(
  stream: Pick<Duplex, "write" | "writable">,
  { maxWaiting = 1000, patienceMs = 30_000, onFailed }: AcknowledgementOptions,
): Acknowledgements {
  let due: number[] = [];
  let held: Held[] = [];
  let heldMessages = 0;
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
    for (; held[ready]?.ready; ready++) {
      const { messageIds } = held[ready] as Held;
      heldMessages -= messageIds.length;
      for (const messageId of messageIds) write(messageId);
    }
    if (ready === 0) return;
    held.splice(0, ready);
    watch();
    for (const one of waiting) if (heldMessages < one.below) wake(one);
  }

  function wake(one: { go(): void }): void {
    waiting.delete(one as { below: number; go(): void });
    one.go();
  }

  const fewerThan = (below: number): Promise<void> =>
    new Promise((resolve) => {
      if (dropped || heldMessages < below) resolve();
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
    heldMessages = 0;
    for (const one of waiting) wake(one);
  }

  function hold(messageId: number, after: Promise<unknown> | undefined): void {
    const entry: Held = { messageIds: [messageId], after, ready: !after };
    held.push(entry);
    if (held.length === 1) watch();
    after?.then(() => {
      entry.ready = true;
      release();
    }, fail);
  }

  return {
    add(messageId, after) {
      if (dropped) return;
      if (!after && held.length === 0) return void write(messageId);
      heldMessages++;
      const last = held.at(-1);
      if (last && last.after === after && !last.ready) last.messageIds.push(messageId);
      else hold(messageId, after);
      return heldMessages >= maxWaiting ? fewerThan(maxWaiting) : undefined;
    },
    settled: () => fewerThan(1),
    flush,
    drop,
  };
}
