import { Failure } from "../../engine/contract/errors";
import type { Host } from "../lib/define-node";
import type { Broker, BrokerState, PacketInfo } from "../twin-broker/broker";
import type { Meter } from "./meter";
import { createPace } from "./pace";
import type { TwinIngestSettings } from "./twin-ingest.settings";

/** Takes one message of a topic in and gives the number of its samples. */
export type TakeMqtt = (topic: string, payload: Buffer, packet: PacketInfo) => number;

/** Subscribes, and closes with the node. The broker hears of a message's receipt after it has been handed on. */
export function openMqttDoor(
  host: Host,
  broker: Broker,
  { topic, qos }: Pick<TwinIngestSettings, "topic" | "qos">,
  meter: Meter,
  take: TakeMqtt,
): void {
  const pace = createPace();
  let removed = false;
  host.node.on("close", (isRemoved: boolean, done: () => void) => {
    removed = isRemoved;
    done();
  });
  const subscription = broker.subscribe(
    topic,
    qos,
    (messageTopic, payload, packet) => pace(take(messageTopic, payload, packet)),
    {
      owner: host.id,
      onRefused: (reason) => {
        meter.door("failed", reason);
        host.fail(new Failure("broker-failed", `The broker refuses the subscription: ${reason}`));
      },
    },
  );
  host.onClose(() => subscription.close(!removed));
  host.onClose(broker.onState((state) => showState(host, meter, state)));
}

function showState(host: Host, meter: Meter, state: BrokerState): void {
  if (state.state === "connected") meter.door(undefined, host.text("status.connected"));
  else if (state.state === "failed") meter.door("failed", `${host.text(`problem.${state.problem}`)}: ${state.detail}`);
  else meter.door("connecting", host.text("status.connecting"));
}
