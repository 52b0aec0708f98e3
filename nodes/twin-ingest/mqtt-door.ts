import { crc32 } from "node:zlib";
import { Failure } from "../../engine/contract/errors";
import type { Host } from "../lib/define-node";
import type { Broker, BrokerState, MessageHandler, PacketInfo } from "../twin-broker/broker";
import type { Intake } from "./intake";
import type { Meter } from "./meter";
import { createPace } from "./pace";
import type { Mark } from "./parcel";
import type { TwinIngestSettings } from "./twin-ingest.settings";

/** Takes one message of a topic in and gives the number of its samples. Throws a retryable `Failure` when it cannot. */
export type TakeMqtt = (topic: string, payload: Buffer, packet: PacketInfo, mark: Mark | undefined) => number;

/**
 * Subscribes, and closes with the node. The broker hears of a message's receipt after the journal has it, or, where nothing
 * is kept, after it has been handed on.
 */
export function openMqttDoor(
  host: Host,
  broker: Broker,
  { topic, qos }: Pick<TwinIngestSettings, "topic" | "qos">,
  meter: Meter,
  intake: Intake | undefined,
  take: TakeMqtt,
): void {
  const pace = createPace();

  const handle: MessageHandler = (messageTopic, payload, packet) => {
    const waiting = intake?.ready();
    if (waiting) return waiting.then(() => handle(messageTopic, payload, packet));
    const { messageId, dup } = packet;
    const mark = intake && messageId !== undefined ? { messageId, crc: crc32(payload) } : undefined;
    const isRepeat = dup && mark && intake?.repeats.isRepeat(messageTopic, mark);
    const samples = isRepeat ? 1 : take(messageTopic, payload, packet, mark);
    const room = intake?.room() ?? pace(samples);
    const durable = intake?.durable();
    if (!durable) return room;
    return room ? room.then(() => durable) : { acknowledgeAfter: durable };
  };

  const subscription = broker.subscribe(topic, qos, handle, {
    owner: host.id,
    onRefused: (reason) => {
      meter.door("failed", reason);
      host.fail(new Failure("broker-failed", `The broker refuses the subscription: ${reason}`));
    },
  });
  host.onClose((removed) => subscription.close(!removed));
  host.onClose(broker.onState((state) => showState(host, meter, state, broker.address())));
}

function showState(host: Host, meter: Meter, state: BrokerState, address: string | undefined): void {
  const more = { broker: { state: state.state, ...(state.state === "failed" && { problem: state.problem }), address } };
  if (state.state === "connected") meter.door(undefined, host.text("status.connected"), more);
  else if (state.state === "failed")
    meter.door("failed", `${host.text(`problem.${state.problem}`)}: ${state.detail}`, more);
  else meter.door("connecting", host.text("status.connecting"), more);
}
