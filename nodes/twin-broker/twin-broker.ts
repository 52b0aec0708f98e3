import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { IClientOptions } from "mqtt";
import { Failure } from "../../engine/contract/errors";
import { type ConfigHost, defineConfigNode } from "../lib/define-node";
import { onceFlowsStarted } from "../lib/flows-started";
import { type Metric, stateSet } from "../lib/metrics";
import type { RedNode } from "../lib/node-red";
import { acquire } from "../lib/shared";
import type { Broker, BrokerState } from "./broker";
import { type EmbeddedBroker, openEmbeddedBroker } from "./embedded";
import { type MqttBroker, openMqttBroker } from "./mqtt-broker";
import { readTwinBrokerSettings, type TwinBrokerSettings } from "./twin-broker.settings";

export { embeddedBrokerAddress } from "./embedded";

export default defineConfigNode<TwinBrokerSettings, Broker>({
  type: "twin-broker",
  credentials: { username: { type: "text" }, password: { type: "password" } },
  readSettings: readTwinBrokerSettings,
  metrics: metricsOf,
  open(host, settings) {
    const isEmbedded = settings.url === "";
    const clientId = settings.clientId || derivedId(host);
    // Without a session at the embedded broker, what comes while the connection is mended would be for nobody.
    const sessionExpiryS = isEmbedded ? Math.max(1, settings.sessionExpiryS) : settings.sessionExpiryS;
    const broker = openMqttBroker({
      warn: (text) => host.warn(text),
      ...(isEmbedded
        ? { clientId, protocolVersion: 4, sessionExpiryS }
        : { ...settings, clientId, addTls: tlsOf(host, settings.tls) }),
    });
    const release = isEmbedded ? useEmbedded(host, settings.port, broker, clientId) : (): void => undefined;
    if (!isEmbedded) broker.setAddress(settings.tls ? secure(settings.url) : settings.url);

    return {
      api: broker,
      async close(removed) {
        await broker.close(removed);
        release(removed);
      },
    };
  },
});

const states = ["idle", "connecting", "connected", "failed"] as const;

function metricsOf(broker: Broker): Metric[] {
  let now: BrokerState["state"] = "idle";
  // Told at once, so that there is nothing to wait for.
  broker.onState(({ state }) => {
    now = state;
  })();
  return stateSet("broker_state", "1 for the present state.", states, now);
}

/** The broker in this process outlives a deploy, and with it the connections of everybody who uses it. */
function useEmbedded(host: ConfigHost, port: number, broker: MqttBroker, clientId: string): (removed: boolean) => void {
  const lease = acquire<EmbeddedBroker>(`broker:${port}`, () => {
    const started = new Promise<void>((resolve) => onceFlowsStarted(host.red.events, resolve));
    const value = openEmbeddedBroker({ port, warn: (text) => host.red.log.warn(text), started });
    return { value, dispose: () => value.close() };
  });
  const stop = lease.value.onState((state) => {
    if (state.state === "listening") broker.setAddress(state.url);
    else if (state.state === "failed")
      broker.setAddress(undefined, { state: "failed", problem: "portTaken", detail: state.detail });
  });
  const unguard = lease.value.guard(clientId, () => broker.isReady());
  return (removed) => {
    stop();
    unguard(removed);
    lease.release();
  };
}

/** Stays the same for a node on one computer, and differs between two that run a copy of the same flow. */
function derivedId(host: ConfigHost): string {
  const whose = [hostname(), host.home, host.node?.id ?? "default"].join("\n");
  return `twin-${createHash("sha256").update(whose).digest("hex").slice(0, 16)}`;
}

function tlsOf(host: ConfigHost, id: string): ((options: IClientOptions) => void) | undefined {
  if (id === "") return undefined;
  const node = host.red.nodes.getNode(id) as (RedNode & { addTLSOptions?(options: object): object }) | null | undefined;
  if (!node?.addTLSOptions)
    throw new Failure("bad-setting", `tls refers to ${id}, which is no tls-config node:`, "choose one in the form.");
  return (options) => void node.addTLSOptions?.(options);
}

const secure = (url: string): string => url.replace(/^(mqtt|tcp):/, "mqtts:").replace(/^ws:/, "wss:");
