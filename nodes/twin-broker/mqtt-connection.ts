import mqtt, { type IClientOptions, type IClientPublishOptions, type MqttClient } from "mqtt";
import { Failure } from "../../engine/contract/errors";
import { within } from "../lib/within";
import { type Acknowledgements, createAcknowledgements } from "./acknowledgements";
import { type BackoffOptions, backoffMs } from "./backoff";
import type { BrokerState, Held, PacketInfo, PublishOptions } from "./broker";
import { createTakeoverWatch } from "./takeover-watch";

export interface ConnectionOptions {
  url: string;
  clientId: string;
  protocolVersion: 4 | 5;
  /** Seconds. 0: the broker keeps no session. */
  sessionExpiryS: number;
  username?: string;
  password?: string;
  /** Adds certificates and the like. */
  addTls?(options: IClientOptions): void;
  /** Must not fail. The next message comes when it has given its verdict. */
  onMessage?(packet: IncomingPacket, stillConnected: () => boolean): Verdict | Promise<Verdict>;
  onConnected?(client: MqttClient, sessionPresent: boolean): void;
  onState(state: BrokerState): void;
  backoff?: BackoffOptions;
  /** How long to leave the broker alone when another client uses our id; doubled each time. @default 60000 */
  takeoverPauseMs?: number;
}

/** Whether to acknowledge the message: at once, or later. False leaves it, and all that follow, to the next connection. */
export type Verdict = boolean | Held;

export interface IncomingPacket extends PacketInfo {
  topic: string;
  payload: Buffer;
}

/** One connection to a broker, which mends itself. */
export interface Connection {
  client: MqttClient;
  publish(topic: string, payload: string | Buffer, options: PublishOptions): Promise<void>;
  /** Ends within about 3 s, whatever the broker does. */
  close(): Promise<void>;
}

const endPatienceMs = 2000;
/** How long a connection that closes waits for acknowledgements that are held. */
const settlePatienceMs = 1000;
/** How long a publisher waits for the connection. */
const firstPatienceMs = 5000;
const defaultPauseMs = 60_000;
const maxTakeoverPauseMs = 15 * 60_000;
/** A connection that has held for so long counts as good again. */
const stableMs = 10_000;
const witnessMs = 25_000;
/** Connections that end within that time were ended by the same cause. */
const togetherMs = 1000;
/** Most messages that wait for the broker's PUBACK. */
const maxPending = 1000;
const sessionTakenOver = 142;

export function openConnection(options: ConnectionOptions): Connection {
  const address = withoutUser(options.url);
  const client = mqtt.connect(options.url, {
    ...clientOptions(options),
    // handleMessage must be in place before the first packet.
    manualConnect: true,
  });
  /** Rises with every connection that ends: what was received on it must not be acknowledged on the next. */
  let generation = 0;
  let dialledAt = Date.now();
  let attempt = 0;
  let lastError = "";
  let saidTakenOver = false;
  let notRecorded = false;
  let closing = false;
  let pauseMs = options.takeoverPauseMs ?? defaultPauseMs;
  const takeover = createTakeoverWatch();

  let acknowledgements: { stream: typeof client.stream; list: Acknowledgements } | undefined;
  /** mqtt.js goes on to the next message without a PUBACK of its own when its callback hears of an error. */
  const goOn = new Error("acknowledged apart");

  client.handleMessage = (packet, callback) => {
    const mine = generation;
    const wasConnected = client.connected;
    const stillConnected = (): boolean => mine === generation && client.connected === wasConnected && !closing;
    const incoming = toIncoming(packet as unknown as RawPublish);
    const verdict = options.onMessage?.(incoming, stillConnected) ?? true;
    if (verdict instanceof Promise)
      void verdict.then((later) => {
        // What had come before the connection ended is taken in, too, without an acknowledgement: a broker that was killed may
        // not have it any more. On the next connection the same packet identifier may mean another message.
        if (stillConnected()) settle(incoming, later, callback);
        else if (!client.connected && !closing) callback(goOn);
      });
    else settle(incoming, verdict, callback);
  };

  function settle({ qos, messageId }: IncomingPacket, verdict: Verdict, callback: (error?: Error) => void): void {
    if (verdict === false) return;
    if (!client.connected) {
      callback(goOn);
      return;
    }
    if (qos !== 1 || messageId === undefined) {
      callback();
      return;
    }
    const full = acknowledgementsNow().add(messageId, verdict === true ? undefined : verdict.acknowledgeAfter);
    if (full) void full.then(() => callback(goOn));
    else callback(goOn);
  }

  /** Those of the present connection. */
  function acknowledgementsNow(): Acknowledgements {
    const { stream } = client;
    if (acknowledgements?.stream === stream) return acknowledgements.list;
    acknowledgements?.list.drop();
    const list = createAcknowledgements(stream, {
      onFailed(error) {
        notRecorded = true;
        lastError = `a message could not be recorded (${messageOf(error)}), the broker will send it again`;
        stream.destroy();
      },
    });
    acknowledgements = { stream, list };
    return list;
  }

  let witness: MqttClient | undefined;
  let closedAt = 0;
  let witnessEndedAt = 0;
  let paused = false;

  /** Tells a broker that restarts from another client with our id: see {@link createTakeoverWatch}. */
  function callWitness(): void {
    if (witness) return;
    const clientId = `${options.clientId}-witness`;
    const mine = mqtt.connect(options.url, {
      ...clientOptions({ ...options, clientId, sessionExpiryS: 0 }),
      reconnectPeriod: 0,
    });
    const dismiss = setTimeout(() => mine.end(true), witnessMs).unref();
    let served = false;
    witness = mine;
    mine.on("error", () => undefined);
    mine.on("connect", () => {
      served = true;
    });
    mine.once("close", () => {
      clearTimeout(dismiss);
      witness = undefined;
      if (!served || closing || mine.disconnecting) return;
      witnessEndedAt = Date.now();
      if (witnessEndedAt - closedAt > togetherMs) return;
      takeover.brokerEnded();
      if (paused) client.reconnect();
    });
  }

  client.on("connect", (packet) => {
    if (closing) {
      // mqtt.js was ended while it waited for this answer: for it, the connection stands, and would be mended for ever.
      client.end(true);
      return;
    }
    paused = false;
    if (takeover.isSuspicious()) callWitness();
    lastError = "";
    options.onState({ state: "connected" });
    options.onConnected?.(client, packet.sessionPresent);
  });
  // Before mqtt.js' own listener, which sets its timer from `reconnectPeriod`.
  client.prependListener("close", () => {
    generation++;
    acknowledgements?.list.drop();
    if (closing) {
      client.options.reconnectPeriod = 0;
      return;
    }
    // Not told by the "connect" event: that one waits until messages from before have been delivered again.
    const upMs = client.connected ? Date.now() - dialledAt : undefined;
    if (upMs !== undefined && upMs >= stableMs) {
      attempt = 0;
      pauseMs = options.takeoverPauseMs ?? defaultPauseMs;
    }
    closedAt = Date.now();
    if (closedAt - witnessEndedAt < togetherMs) takeover.brokerEnded();
    const takenOver = !notRecorded && takeover.closed(upMs, saidTakenOver);
    paused = takenOver;
    if (takenOver) {
      client.options.reconnectPeriod = pauseMs;
      pauseMs = Math.min(maxTakeoverPauseMs, pauseMs * 2);
    } else client.options.reconnectPeriod = backoffMs(attempt++, options.backoff);
    const detail = lastError || "the broker closed the connection";
    const problem = takenOver
      ? "takenOver"
      : notRecorded
        ? "notRecorded"
        : /refused:/i.test(detail)
          ? "refused"
          : "unreachable";
    options.onState({
      state: "failed",
      problem,
      detail: takenOver
        ? `Another client uses the client id "${options.clientId}" at ${address}: give one of the two another id. Next try in ${Math.round((client.options.reconnectPeriod ?? 0) / 1000)} s.`
        : `${address}: ${detail}.`,
    });
    if (upMs !== undefined && upMs < stableMs && !notRecorded) poison.suspect();
    saidTakenOver = false;
    notRecorded = false;
  });
  client.on("reconnect", () => {
    dialledAt = Date.now();
  });
  client.on("disconnect", (packet) => {
    if (packet.reasonCode === sessionTakenOver) saidTakenOver = true;
    else lastError = `the broker ended the connection (reason ${packet.reasonCode})`;
  });
  // Unheard, this event would end the process. A close follows, and the state with it.
  client.on("error", (error) => {
    lastError = reasonOf(error);
  });

  const poison = watchPoison(client);
  options.onState({ state: "connecting" });
  client.connect();

  return {
    client,
    async publish(topic, payload, { qos = 0, retain = false, ...properties }) {
      if (!client.connected) await connectedWithin(client, firstPatienceMs);
      return new Promise((resolve, reject) => {
        if (closing) return reject(new Failure("broker-failed", "The connection to the broker is closing.", "", true));
        if (qos === 0 && !client.connected)
          return reject(new Failure("broker-failed", `${address} is not connected.`, "Try again later.", true));
        if (qos === 1 && poison.pending() >= maxPending)
          return reject(
            new Failure("busy", `${maxPending} messages wait for ${address}.`, "Publish more slowly.", true),
          );
        const done = poison.track(qos);
        const packet = {
          qos,
          retain,
          ...(options.protocolVersion === 5 ? { properties: toProperties(properties) } : {}),
        };
        client.publish(topic, payload, packet, (error) => {
          done.settle();
          if (!error) return resolve();
          reject(new Failure("broker-failed", `${address} did not take ${topic}: ${reasonOf(error)}.`, "", true));
        });
        done.sent();
      });
    },
    async close() {
      closing = true;
      witness?.end(true);
      if (acknowledgements) {
        await within(acknowledgements.list.settled(), settlePatienceMs);
        acknowledgements.list.flush();
        acknowledgements.list.drop();
      }
      const gracefully = client.endAsync(false).catch(() => undefined);
      if (await within(gracefully, endPatienceMs)) return;
      client.end(true);
    },
  };
}

function clientOptions(options: ConnectionOptions): IClientOptions {
  const { clientId, protocolVersion, sessionExpiryS, username, password } = options;
  const result: IClientOptions = {
    clientId,
    protocolVersion,
    clean: sessionExpiryS === 0,
    keepalive: 60,
    connectTimeout: 10_000,
    reconnectPeriod: backoffMs(0, options.backoff),
    reconnectOnConnackError: true,
    // We subscribe ourselves at each connection, and only what the session does not hold.
    resubscribe: false,
    // Unbounded in mqtt.js: a message that nobody waits for is better refused.
    queueQoSZero: false,
  };
  if (protocolVersion === 5) result.properties = { sessionExpiryInterval: sessionExpiryS };
  if (username) result.username = username;
  if (password) result.password = password;
  options.addTls?.(result);
  return result;
}

/**
 * A message that the broker refuses by closing the connection is sent first at every reconnect, and starves the rest: after
 * three connections that ended at once, the oldest one is taken back and its publisher told.
 */
function watchPoison(client: MqttClient): {
  track(qos: number): { sent(): void; settle(): void };
  pending(): number;
  suspect(): void;
} {
  const pending = new Set<{ messageId: number; closes: number }>();
  return {
    track(qos) {
      const entry = { messageId: 0, closes: 0 };
      if (qos > 0) pending.add(entry);
      return {
        sent: () => {
          entry.messageId = client.getLastMessageId();
        },
        settle: () => void pending.delete(entry),
      };
    },
    pending: () => pending.size,
    suspect() {
      const [oldest] = pending;
      if (oldest && ++oldest.closes >= 3) client.removeOutgoingMessage(oldest.messageId);
    },
  };
}

function toProperties({
  expiryS,
  responseTopic,
  correlationData,
}: PublishOptions): IClientPublishOptions["properties"] {
  return {
    ...(expiryS === undefined ? {} : { messageExpiryInterval: Math.max(1, Math.round(expiryS)) }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
  };
}

interface RawPublish {
  messageId?: number;
  topic: string;
  payload: Buffer | string;
  qos: 0 | 1 | 2;
  retain: boolean;
  dup: boolean;
  properties?: Pick<PacketInfo, "userProperties" | "responseTopic" | "correlationData">;
}

function toIncoming({ topic, payload, qos, retain, dup, messageId, properties }: RawPublish): IncomingPacket {
  const packet: IncomingPacket = {
    topic,
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
    qos,
    retain,
    dup,
  };
  if (qos > 0 && messageId !== undefined) packet.messageId = messageId;
  if (properties?.userProperties) packet.userProperties = { ...properties.userProperties };
  if (properties?.responseTopic !== undefined) packet.responseTopic = properties.responseTopic;
  if (properties?.correlationData) packet.correlationData = properties.correlationData;
  return packet;
}

/** The address as it may be shown: without user and password. */
export function withoutUser(url: string): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.toString().replace(/\/$/, "");
}

const messageOf = (error: unknown): string => (error instanceof Error ? reasonOf(error) : String(error));

function reasonOf(error: Error): string {
  // A host with several addresses fails with a list and no text of its own.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  return error.message || (error as NodeJS.ErrnoException).code || "no connection";
}

function connectedWithin(client: MqttClient, ms: number): Promise<boolean> {
  let tell: () => void = () => undefined;
  const connected = new Promise<void>((resolve) => {
    tell = resolve;
    client.once("connect", tell);
  });
  return within(connected, ms).finally(() => client.removeListener("connect", tell));
}
