/** What a `twin-broker` node offers. Nodes see only this. */
export interface Broker {
  /**
   * Hands every message of the topic filter to `handler`, one at a time and in order. The broker hears of a message's
   * receipt (PUBACK) only after the handler's promise has resolved: only fast work belongs there. What it throws is
   * tried again for as long as the error is `retryable`; any other error sets the message aside, with a line in the log.
   * With what is {@link Held} the next message comes at once.
   */
  subscribe(topic: string, qos: 0 | 1, handler: MessageHandler, options?: SubscribeOptions): Subscription;
  /**
   * Resolves when the broker has taken the message over (QoS 1), or when it is on its way (QoS 0). Goes through a
   * connection of its own, so it may be awaited inside a handler. Rejects with a `Failure`.
   */
  publish(topic: string, payload: string | Buffer, options?: PublishOptions): Promise<void>;
  /** Hears the state now and at every change. Returns the way to stop. */
  onState(listener: (state: BrokerState) => void): () => void;
  /** Such as `mqtt://127.0.0.1:1883`; never with credentials. Undefined as long as the embedded broker does not listen. */
  address(): string | undefined;
}

export interface SubscribeOptions {
  /** Id of the node: its subscription to another topic, kept for a deploy, ends when it comes back with this one. */
  owner?: string;
  /** The broker does not allow the subscription. */
  onRefused?(reason: string): void;
}

export interface PublishOptions {
  /** @default 0 */
  qos?: 0 | 1;
  /** @default false */
  retain?: boolean;
  /** MQTT 5 only, left out on 3.1.1: after that time the broker does not deliver it any more. */
  expiryS?: number;
  /** MQTT 5 only: where the answer shall go, and what it shall carry. */
  responseTopic?: string;
  correlationData?: Buffer;
}

/** The parts of a PUBLISH packet that a handler may want. */
export interface PacketInfo {
  qos: 0 | 1 | 2;
  retain: boolean;
  /** The broker sends this message again. */
  dup: boolean;
  /** Packet identifier, with QoS 1. The same again in a repeat (`dup`) on a session that lasted. */
  messageId?: number;
  /** MQTT 5 only. */
  userProperties?: Record<string, string | string[]>;
  /** MQTT 5 only. */
  responseTopic?: string;
  correlationData?: Buffer;
}

/**
 * The message is taken, but not to be acknowledged (PUBACK) before the promise has resolved, such as that of a common fsync.
 * When it rejects, or takes longer than 30 s, the connection is ended and the broker sends again all that was not acknowledged.
 */
export interface Held {
  acknowledgeAfter: Promise<void>;
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing is the usual one
export type Taken = void | Held;

export type MessageHandler = (topic: string, payload: Buffer, packet: PacketInfo) => Taken | Promise<Taken>;

export interface Subscription {
  /**
   * Ends the subscription after the message in hand. With `keep`, for a deploy, the broker goes on holding messages for
   * it for a moment, and the next subscription to the same topic gets them.
   */
  close(keep: boolean): Promise<void>;
}

/** Why a broker cannot be used at the moment. Each is a text `problem.<name>` of the catalogues. */
export type BrokerProblem = "portTaken" | "takenOver" | "refused" | "unreachable" | "notRecorded";

export type BrokerState =
  | { state: "idle" | "connecting" | "connected" }
  /** Tried again by itself, later and later. `detail` names the address or port, and the reason. */
  | { state: "failed"; problem: BrokerProblem; detail: string };
