import { randomUUID } from "node:crypto";
import { Failure } from "../../engine/contract/errors";
import type { Scalar } from "../../engine/contract/messages";
import { commandMetrics } from "../../engine/sparkplug/command";
import { commandTopic } from "../../engine/sparkplug/topic";
import type { Host } from "../lib/define-node";
import { encodeCommand } from "../lib/encode-sparkplug";
import { birthOf } from "../lib/sparkplug-births";
import type { Broker } from "../twin-broker/broker";
import { type Device, type DeviceAnswer, showBroker } from "./device";

/**
 * Sparkplug's edge nodes and devices: desired values are metrics of an NCMD or DCMD, of the types that the birth gave them, and
 * an action writes the metric of its name (`true`, or `args.value`). Sparkplug answers no command: an action is acknowledged
 * when it is sent, desired values when they are reported.
 */
export function openSparkplugDevice(
  host: Host,
  broker: Broker | undefined,
  brokerId: string,
  hear: (answer: DeviceAnswer) => Promise<void>,
): Device {
  if (broker) host.onClose(broker.onState((state) => showBroker(host, state)));

  async function write(twin: string, values: Record<string, Scalar>): Promise<void> {
    const born = birthOf(broker && brokerId, twin);
    if (!born)
      throw new Failure(
        "no-birth",
        `${twin} has not sent its birth:`,
        "a twin-ingest with the format sparkplug has to hear it first.",
        true,
      );
    const topic = commandTopic(born.topic);
    const payload = encodeCommand(commandMetrics(born, values));
    if (broker) return broker.publish(topic, payload);
    host.send([null, null, { _msgid: randomUUID(), topic, payload, qos: 0 }]);
  }

  return {
    async command({ id, twin, name, args }) {
      const value = typeof args === "object" && args !== null && "value" in args ? (args.value as Scalar) : true;
      await write(twin, { [name ?? ""]: value });
      setImmediate(() => {
        hear({ twin, of: "command", id, code: 200, text: "sent; Sparkplug has no answer" }).catch(host.fail);
      });
    },
    async desired({ id, delta }) {
      if (Object.keys(delta).length > 0) await write(id, delta);
    },
  };
}
