import type { Aedes, Client, PublishPacket } from "aedes";
import { keyOf, type QueuedPacket, type QueueWatch } from "./embedded-queues";

export interface CustodyOptions {
  /** How long a publisher waits for a subscriber of this process before its connection is ended. */
  patienceMs: number;
  /** How long, after the start, publishers wait until the nodes of this process have subscribed. */
  startupMs: number;
  /** Resolves when the nodes that may subscribe are there. */
  started: Promise<void>;
}

/**
 * aedes acknowledges a message (PUBACK) before anybody has it. With subscribers in the same process nobody is left to send it
 * again when that process ends: here the acknowledgement waits until they have taken the message.
 */
export interface Custody {
  /** Makes publishers wait for that client, which a deploy may take away for a moment. Returns the way to stop. */
  guard(clientId: string, isReady: () => boolean): (forget: boolean) => void;
  watch: QueueWatch;
  close(): void;
}

type Done = (error?: Error | null) => void;

interface Waiting {
  /** Guarded clients that have not acknowledged it. */
  on: Set<string>;
  published: boolean;
  done: Done;
  timer: NodeJS.Timeout;
}

const readyEveryMs = 20;
const system = "$SYS/";

export function takeCustody(aedes: Aedes, { patienceMs, startupMs, started }: CustodyOptions): Custody {
  const broker = aedes as Aedes & { counter: number };
  const guarded = new Map<string, { isReady(): boolean; leaving?: NodeJS.Timeout }>();
  const waiting = new Map<string, Waiting>();
  /** Published before they were acknowledged: aedes will want to publish them again. */
  const published = new WeakSet<object>();
  const publish = broker.publish.bind(broker) as unknown as (
    packet: PublishPacket,
    client: Client | null,
    done: Done,
  ) => void;
  let opening: Promise<void> | undefined = open();
  let closed = false;

  /** After a restart no session is left: what arrived before the nodes have subscribed would be for nobody. */
  async function open(): Promise<void> {
    const deadline = Date.now() + startupMs;
    const patience = new Promise<void>((resolve) => setTimeout(resolve, startupMs).unref());
    await Promise.race([started, patience]);
    while (!closed && Date.now() < deadline && [...guarded.values()].some((one) => !one.isReady()))
      await new Promise((resolve) => setTimeout(resolve, readyEveryMs));
    opening = undefined;
  }

  /** A node's own publishing would wait for the very handler that awaits it. */
  const isOurs = (client: Client): boolean => guarded.has(client.id.replace(/-pub$/, ""));

  function settle(key: string, error?: Error | null): void {
    const one = waiting.get(key);
    if (!one || (!error && (!one.published || one.on.size > 0))) return;
    waiting.delete(key);
    clearTimeout(one.timer);
    one.done(error);
  }

  function publishAndWait(packet: PublishPacket, client: Client, done: Done): void {
    const numbered = packet as PublishPacket & Pick<QueuedPacket, "brokerId" | "brokerCounter">;
    numbered.brokerId = broker.id;
    numbered.brokerCounter = ++broker.counter;
    const key = keyOf(numbered);
    const late = (): void => settle(key, new Error(`not taken within ${patienceMs / 1000} s`));
    const one: Waiting = { on: new Set(), published: false, done, timer: setTimeout(late, patienceMs) };
    one.timer.unref();
    waiting.set(key, one);
    publish(packet, client, (error) => {
      one.published = true;
      settle(key, error);
    });
  }

  function take(packet: PublishPacket, client: Client, done: Done): void {
    if (opening) void opening.then(() => publishAndWait(packet, client, done));
    else publishAndWait(packet, client, done);
  }

  broker.authorizePublish = (client, packet, callback) => {
    if (packet.topic.startsWith(system)) return callback(new Error(`${system} is the broker's own`));
    if (!client || packet.qos !== 1 || isOurs(client)) return callback(null);
    take(packet, client, (error) => {
      if (!error) published.add(packet);
      callback(error ?? null);
    });
  };

  // With QoS 2 aedes publishes before it answers (PUBREC).
  broker.publish = ((packet: PublishPacket, client: Client | Done | null, done: Done = () => undefined) => {
    if (published.delete(packet)) return done(null);
    if (typeof client === "function") return publish(packet, null, client);
    if (client && packet.qos === 2 && !isOurs(client)) return take(packet, client, done);
    publish(packet, client, done);
  }) as typeof broker.publish;

  function leave(clientId: string): void {
    guarded.delete(clientId);
    for (const [key, one] of waiting) if (one.on.delete(clientId)) settle(key);
  }

  return {
    guard(clientId, isReady) {
      clearTimeout(guarded.get(clientId)?.leaving);
      const mine: { isReady(): boolean; leaving?: NodeJS.Timeout } = { isReady };
      guarded.set(clientId, mine);
      return (forget) => {
        if (guarded.get(clientId) !== mine) return;
        const go = (): void => {
          if (guarded.get(clientId) === mine) leave(clientId);
        };
        if (forget) go();
        else mine.leaving = setTimeout(go, patienceMs).unref();
      };
    },
    watch: {
      mustKeep: (clientId) => guarded.has(clientId),
      queued(clientId, key) {
        if (guarded.has(clientId)) waiting.get(key)?.on.add(clientId);
      },
      taken(clientId, key) {
        if (waiting.get(key)?.on.delete(clientId)) settle(key);
      },
    },
    close() {
      closed = true;
      for (const key of [...waiting.keys()]) settle(key, new Error("the broker is closing"));
      for (const { leaving } of guarded.values()) clearTimeout(leaving);
    },
  };
}
