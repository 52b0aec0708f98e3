import mqtt, { type MqttClient } from "mqtt";
import type { Broker, BrokerState } from "../../nodes/twin-broker/broker";
import { type MqttBroker, type MqttBrokerOptions, openMqttBroker } from "../../nodes/twin-broker/mqtt-broker";

export async function until(condition: () => boolean, what: string, timeoutMs = 8000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !condition(); ) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const quick = { firstMs: 20, maxMs: 100 };

/** A client of ours on a broker address, closed after the test. */
export function clients(): (url: string, options?: Partial<MqttBrokerOptions>) => MqttBroker & { warnings: string[] } {
  const opened: MqttBroker[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close(false)));
  });
  return (url, options = {}) => {
    const warnings: string[] = [];
    const broker = openMqttBroker({
      clientId: `test-${Math.random().toString(36).slice(2)}`,
      protocolVersion: 4,
      sessionExpiryS: 3600,
      warn: (text) => warnings.push(text),
      backoff: quick,
      ...options,
    });
    opened.push(broker);
    broker.setAddress(url);
    return Object.assign(broker, { warnings });
  };
}

export function strangers(): (url: string, options?: mqtt.IClientOptions) => Promise<MqttClient> {
  const opened: MqttClient[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.endAsync(true)));
  });
  return async (url, options) => {
    const client = await mqtt.connectAsync(url, options);
    client.on("error", () => undefined);
    opened.push(client);
    return client;
  };
}

export function stateOf(broker: Broker): { now(): BrokerState } {
  let state: BrokerState = { state: "idle" };
  broker.onState((next) => {
    state = next;
  });
  return { now: () => state };
}
