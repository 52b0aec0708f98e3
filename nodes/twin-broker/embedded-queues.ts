import { Readable } from "node:stream";

/** What aedes hands to its persistence; the fields used here. */
export interface QueuedPacket {
  cmd: string;
  topic?: string;
  payload?: Buffer | string;
  brokerId?: string;
  brokerCounter?: number;
  messageId?: number;
}

interface ClientRef {
  id: string;
}

/** The part of aedes' in-memory persistence that {@link boundQueues} takes over. */
export interface Persistence {
  storeRetained(packet: QueuedPacket): Promise<void>;
  outgoingEnqueue(sub: { clientId: string }, packet: QueuedPacket): Promise<void>;
  outgoingEnqueueCombi(subs: { clientId: string }[], packet: QueuedPacket): Promise<void>;
  outgoingUpdate(client: ClientRef, packet: QueuedPacket): Promise<void>;
  outgoingClearMessageId(client: ClientRef, packet: QueuedPacket): Promise<QueuedPacket | undefined>;
  outgoingStream(client: ClientRef): Readable;
}

export interface QueueLimits {
  /** Per client. */
  maxMessages: number;
  /** Of all queues, and again of all retained messages. */
  maxBytes: number;
  maxRetained: number;
  /** How long a publisher is held back for a connected subscriber whose queue is full. */
  patienceMs: number;
}

/** Hears what becomes of a message for a client. */
export interface QueueWatch {
  /** Rather fail the publisher than drop a message for that client. */
  mustKeep(clientId: string): boolean;
  /** @param key that of {@link keyOf} */
  queued(clientId: string, key: string): void;
  taken(clientId: string, key: string): void;
}

interface Queue {
  packets: Map<string, QueuedPacket>;
  byMessageId: Map<number, string>;
}

/** Identifies a message, whoever it is for. */
export const keyOf = ({ brokerId, brokerCounter }: Pick<QueuedPacket, "brokerId" | "brokerCounter">): string =>
  `${brokerId}:${brokerCounter}`;
const bytesOf = (packet: QueuedPacket): number => 64 + (packet.topic?.length ?? 0) + (packet.payload?.length ?? 0);

/**
 * Gives aedes' persistence queues that are bounded and whose cost per message does not grow with their length. A full
 * queue of a connected client holds the publisher back; of one that is away, further messages are dropped and reported.
 */
export function boundQueues(
  persistence: Persistence,
  limits: QueueLimits,
  isConnected: (clientId: string) => boolean,
  onDropped: (what: string) => void,
  watch?: QueueWatch,
): void {
  const queues = new Map<string, Queue>();
  const retained = new Map<string, number>();
  const waiting = new Set<() => void>();
  let bytes = 0;
  let retainedBytes = 0;

  const queueOf = (clientId: string): Queue => {
    let queue = queues.get(clientId);
    if (!queue) {
      queue = { packets: new Map(), byMessageId: new Map() };
      queues.set(clientId, queue);
    }
    return queue;
  };
  const isFull = (clientId: string): boolean =>
    bytes >= limits.maxBytes || (queues.get(clientId)?.packets.size ?? 0) >= limits.maxMessages;

  /** Resolves at the next acknowledgement, or after a while. */
  const room = (): Promise<void> =>
    new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        waiting.delete(go);
        resolve();
      };
      const timer = setTimeout(go, 250);
      waiting.add(go);
    });

  async function enqueue(clientId: string, packet: QueuedPacket): Promise<void> {
    const deadline = Date.now() + limits.patienceMs;
    while (isFull(clientId)) {
      if (Date.now() > deadline && watch?.mustKeep(clientId)) throw new Error("too much waits for the nodes");
      if (!watch?.mustKeep(clientId) && (!isConnected(clientId) || Date.now() > deadline))
        return onDropped(`a message for the client "${clientId}"`);
      await room();
    }
    queueOf(clientId).packets.set(keyOf(packet), { ...packet, messageId: undefined });
    bytes += bytesOf(packet);
    watch?.queued(clientId, keyOf(packet));
  }

  const storeRetained = persistence.storeRetained.bind(persistence);
  Object.assign(persistence, {
    async storeRetained(packet) {
      const topic = packet.topic ?? "";
      const size = packet.payload?.length ? bytesOf(packet) : 0;
      const before = retained.get(topic) ?? 0;
      const full = retained.size >= limits.maxRetained || retainedBytes + size > limits.maxBytes;
      if (size > 0 && before === 0 && full) return onDropped(`a retained message on "${topic}"`);
      retainedBytes += size - before;
      if (size > 0) retained.set(topic, size);
      else retained.delete(topic);
      await storeRetained(packet);
    },
    outgoingEnqueue: (sub, packet) => enqueue(sub.clientId, packet),
    async outgoingEnqueueCombi(subs, packet) {
      for (const sub of subs) await enqueue(sub.clientId, packet);
    },
    async outgoingUpdate(client, packet) {
      const queue = queueOf(client.id);
      const queued = queue.packets.get(keyOf(packet));
      const messageId = packet.messageId as number;
      if (queued) {
        queued.messageId = messageId;
        queue.byMessageId.set(messageId, keyOf(packet));
        return;
      }
      // PUBREL of QoS 2 takes the place of its PUBLISH.
      const key = queue.byMessageId.get(messageId);
      if (key === undefined) throw new Error("no such packet");
      bytes += bytesOf(packet) - bytesOf(queue.packets.get(key) ?? packet);
      queue.packets.set(key, packet);
    },
    async outgoingClearMessageId(client, packet) {
      const queue = queues.get(client.id);
      const key = queue?.byMessageId.get(packet.messageId as number);
      if (!queue || key === undefined) return undefined;
      const queued = queue.packets.get(key);
      queue.byMessageId.delete(packet.messageId as number);
      queue.packets.delete(key);
      if (queue.packets.size === 0) queues.delete(client.id);
      if (queued) {
        bytes -= bytesOf(queued);
        watch?.taken(client.id, key);
      }
      for (const go of [...waiting]) go();
      return queued;
    },
    outgoingStream: (client) => Readable.from([...(queues.get(client.id)?.packets.values() ?? [])]),
  } satisfies Persistence);
}
