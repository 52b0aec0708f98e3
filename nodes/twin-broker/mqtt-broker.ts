import type { MqttClient } from "mqtt";
import { Failure } from "../../engine/contract/errors";
import { matchesFilter } from "../../engine/ingest/topic-filter";
import { within } from "../lib/within";
import type { Broker, BrokerState, Held, MessageHandler, SubscribeOptions, Subscription } from "./broker";
import { handOver } from "./hand-over";
import {
  type Connection,
  type ConnectionOptions,
  type IncomingPacket,
  openConnection,
  type Verdict,
} from "./mqtt-connection";

export interface MqttBrokerOptions
  extends Pick<
    ConnectionOptions,
    "clientId" | "protocolVersion" | "sessionExpiryS" | "username" | "password" | "addTls" | "backoff"
  > {
  warn(text: string): void;
  /** How long a message waits for a subscriber that a deploy has just taken away. @default 15000 */
  handoverMs?: number;
}

export interface MqttBroker extends Broker {
  /** Gives the address to connect to, once it is known; undefined while it is not, with the reason in `state`. */
  setAddress(url: string | undefined, state?: BrokerState): void;
  /** Whether the broker has granted every subscription. */
  isSubscribed(): boolean;
  /** Whether nothing that a node subscribed to is still to be granted. */
  isReady(): boolean;
  /** @param forget also ends the subscriptions at the broker, for a node that was deleted. */
  close(forget: boolean): Promise<void>;
}

interface Filter {
  topic: string;
  qos: 0 | 1;
  handlers: Set<Handler>;
  /** Whether this connection's session holds it. */
  subscribed: boolean;
  grantedAt: number;
  /** Set while it waits for the next subscriber, with the node that had it. */
  timer?: NodeJS.Timeout;
  keptFor?: string;
}

interface Handler extends SubscribeOptions {
  handle: MessageHandler;
}

const defaultHandoverMs = 15_000;
const maxRoutes = 10_000;
const addressPatienceMs = 5000;
const closePatienceMs = 1500;
/** A broker that was killed may have forgotten what it granted in the last moments before: mosquitto saves now and then. */
const unsureMs = 60_000;
/** Filters that a session of this process may still hold, by address and client id. */
const heldFilters = new Map<string, Set<string>>();

/** A broker as nodes see it: subscriptions by topic filter on one connection, publishing on another. */
export function openMqttBroker(options: MqttBrokerOptions): MqttBroker {
  const handoverMs = options.handoverMs ?? defaultHandoverMs;
  const filters = new Map<string, Filter>();
  const routes = new Map<string, Filter[]>();
  const listeners = new Set<(state: BrokerState) => void>();
  /** Woken when a subscriber comes or goes. */
  const changes = new Set<() => void>();
  let url: string | undefined;
  let receiving: Connection | undefined;
  let sending: Connection | undefined;
  let state: BrokerState = { state: "idle" };
  let inHand: Promise<unknown> | undefined;
  let closing = false;
  /** Until then a message that nobody waits for may still find its subscriber. */
  let graceEnds = 0;
  let lostAt = 0;
  let unclaimed = 0;

  function become(next: BrokerState): void {
    if (closing || (next.state === state.state && !("detail" in next))) return;
    if (next.state === "failed" && state.state !== "failed") options.warn(next.detail);
    if (state.state === "connected") lostAt = Date.now();
    state = next;
    for (const listener of [...listeners]) listener(next);
  }

  function filtersOf(topic: string): Filter[] {
    let found = routes.get(topic);
    if (!found) {
      found = [...filters.values()].filter((filter) => matchesFilter(filter.topic, topic));
      if (routes.size >= maxRoutes) routes.clear();
      routes.set(topic, found);
    }
    return found;
  }

  function onMessage(packet: IncomingPacket, stillConnected: () => boolean): Verdict | Promise<Verdict> {
    const found = filtersOf(packet.topic);
    const handlers = found.length === 1 ? found[0]?.handlers : undefined;
    let verdict: Promise<Verdict>;
    if (handlers?.size === 1) {
      const [handler] = [...handlers] as [Handler];
      const taken = handOver(handler, packet, stillConnected, options);
      if (!(taken instanceof Promise)) return taken ?? true;
      verdict = taken.then((later) => later ?? true);
    } else verdict = dispatch(packet, stillConnected);
    inHand = verdict;
    return verdict;
  }

  /** Several subscribers, or none at the moment: then it waits for the one that a deploy is bringing back. */
  async function dispatch(packet: IncomingPacket, stillConnected: () => boolean): Promise<Verdict> {
    const isAwaited = (): boolean => {
      const found = filtersOf(packet.topic);
      return found.length === 0 ? Date.now() < graceEnds : found.some((filter) => filter.handlers.size === 0);
    };
    while (stillConnected() && isAwaited()) {
      if (closing) return false;
      await change();
    }
    const handlers = filtersOf(packet.topic).flatMap((filter) => [...filter.handlers]);
    if (!stillConnected() || (closing && handlers.length === 0)) return false;
    if (handlers.length === 0 && ++unclaimed === 1)
      options.warn(
        `A message on ${packet.topic} was dropped: the broker's session of "${options.clientId}" holds a subscription that no node has any more.`,
      );
    const held: Held[] = [];
    for (const handler of handlers) {
      const taken = await handOver(handler, packet, stillConnected, options);
      if (taken) held.push(taken);
    }
    if (held.length === 0) return true;
    return { acknowledgeAfter: Promise.all(held.map((one) => one.acknowledgeAfter)).then(() => undefined) };
  }

  function change(): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        changes.delete(go);
        resolve();
      };
      const timer = setTimeout(go, 500);
      changes.add(go);
    });
  }

  function changed(): void {
    routes.clear();
    for (const go of [...changes]) go();
  }

  const held = (): Set<string> => {
    const key = `${options.clientId}@${url}`;
    const found = heldFilters.get(key) ?? new Set<string>();
    heldFilters.set(key, found);
    return found;
  };

  function subscribeAt(client: MqttClient, filter: Filter): void {
    // What the session holds already must not bring its retained messages again (MQTT 5, section 3.8.3.1).
    const again = options.protocolVersion === 5 && filter.grantedAt > 0;
    client.subscribe(filter.topic, { qos: filter.qos, ...(again && { rh: 1 }) }, (error, granted) => {
      const refused = error?.message ?? (granted?.some(({ qos }) => (qos as number) >= 128) ? "no permission" : "");
      if (!refused) {
        filter.subscribed = true;
        filter.grantedAt = Date.now();
        held().add(filter.topic);
      } else if (client.connected)
        for (const { onRefused } of filter.handlers) onRefused?.(`${filter.topic}: ${refused}`);
    });
  }

  function unsubscribeAt(topic: string): void {
    held().delete(topic);
    const client = receiving?.client;
    if (client?.connected) client.unsubscribe(topic, () => undefined);
  }

  function onConnected(client: MqttClient, sessionPresent: boolean): void {
    graceEnds = Date.now() + handoverMs;
    for (const filter of filters.values())
      if (!sessionPresent || lostAt - filter.grantedAt < unsureMs) filter.subscribed = false;
    // An older subscription that the session holds is left alone: subscribing again would repeat its retained messages.
    for (const filter of filters.values()) if (!filter.subscribed) subscribeAt(client, filter);
    const timer = setTimeout(() => {
      for (const topic of [...held()]) if (!filters.has(topic)) unsubscribeAt(topic);
    }, handoverMs);
    timer.unref();
  }

  const common = () => ({ ...options, url: url as string });

  function open(): void {
    if (receiving || !url || filters.size === 0 || closing) return;
    receiving = openConnection({ ...common(), onMessage, onConnected, onState: become });
  }

  function forget(filter: Filter): void {
    clearTimeout(filter.timer);
    if (closing) return;
    filters.delete(filter.topic);
    unsubscribeAt(filter.topic);
    changed();
  }

  return {
    address: () => url,
    isSubscribed: () => filters.size > 0 && [...filters.values()].every((filter) => filter.subscribed),
    isReady: () => [...filters.values()].every((filter) => filter.subscribed),
    onState(listener) {
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
    setAddress(next, why) {
      if (why) become(why);
      if (next === undefined || next === url) return;
      url = next;
      changed();
      open();
    },
    subscribe(topic, qos, handle, subscribeOptions): Subscription {
      const handler: Handler = { handle, ...subscribeOptions };
      for (const kept of [...filters.values()])
        if (kept.keptFor !== undefined && kept.keptFor === handler.owner && kept.topic !== topic) forget(kept);
      let filter = filters.get(topic);
      if (!filter) {
        filter = { topic, qos, handlers: new Set(), subscribed: false, grantedAt: 0 };
        filters.set(topic, filter);
      }
      const mine = filter;
      clearTimeout(mine.timer);
      mine.keptFor = undefined;
      mine.handlers.add(handler);
      const stronger = qos > mine.qos;
      if (stronger) mine.qos = qos;
      changed();
      if (!receiving) open();
      else if (receiving.client.connected && (!mine.subscribed || stronger)) subscribeAt(receiving.client, mine);
      return {
        async close(keep) {
          if (!mine.handlers.delete(handler)) return;
          changed();
          if (mine.handlers.size === 0) {
            if (!keep) forget(mine);
            else {
              mine.keptFor = handler.owner ?? "";
              mine.timer = setTimeout(() => forget(mine), handoverMs);
              mine.timer.unref();
            }
          }
          if (inHand) await within(inHand, closePatienceMs);
        },
      };
    },
    async publish(topic, payload, publishOptions = {}) {
      for (const deadline = Date.now() + addressPatienceMs; !url && !closing && Date.now() < deadline; ) await change();
      if (!url || closing)
        throw new Failure(
          "broker-failed",
          "The broker is not there (yet).",
          "Look at its status; try again later.",
          true,
        );
      // Apart from receiving: a PUBACK would wait behind the very handler that awaits it.
      sending ??= openConnection({
        ...common(),
        clientId: `${options.clientId}-pub`,
        sessionExpiryS: 0,
        onState: (next) => {
          if (!receiving) become(next);
        },
      });
      return sending.publish(topic, payload, publishOptions);
    },
    async close(forgetAll) {
      if (forgetAll) for (const filter of [...filters.values()]) forget(filter);
      closing = true;
      for (const filter of filters.values()) clearTimeout(filter.timer);
      changed();
      // The message in hand gets its acknowledgement, if its handler is quick.
      if (inHand) await within(inHand, closePatienceMs);
      await Promise.all([receiving?.close(), sending?.close()]);
      listeners.clear();
    },
  };
}
