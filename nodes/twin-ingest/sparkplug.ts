import { Refusal, refuse } from "../../engine/contract/errors";
import { isTwinId } from "../../engine/contract/identity";
import { type Arrival, readId } from "../../engine/ingest/read-entry";
import type { PayloadReader, Reading } from "../../engine/ingest/read-payload";
import { dataTypes } from "../../engine/sparkplug/payload";
import { createSparkplugReader, type SparkplugRules } from "../../engine/sparkplug/reader";
import { commandTopic, idOfTopic, type Owner } from "../../engine/sparkplug/topic";
import type { Host } from "../lib/define-node";
import { encodeCommand } from "../lib/encode-sparkplug";
import { acquire } from "../lib/shared";
import { offerBirths } from "../lib/sparkplug-births";
import type { Broker } from "../twin-broker/broker";
import { decodeSparkplug } from "./decode-sparkplug";
import type { TwinIngestSettings } from "./twin-ingest.settings";

/** Reads what Sparkplug's edge nodes send. Undefined: nothing that they sent. */
export type SparkplugDoor = (topic: string, payload: unknown, arrival: Arrival) => Reading | undefined;

const tickMs = 1000;

/** What is known of the edge nodes outlives a deploy. Without a broker nobody is asked for a rebirth. */
export function openSparkplug(
  host: Host,
  settings: Pick<TwinIngestSettings, "id" | "broker">,
  readRows: PayloadReader,
  broker: Broker | undefined,
): SparkplugDoor {
  const { id } = settings;
  const rules: SparkplugRules = {
    idOf(topic, arrival) {
      // The first level is always spBv1.0: the default means the names.
      const isDefault = id.from === "topic" && id.level === 0;
      const twin = isDefault ? idOfTopic(topic) : readId(id, {}, { ...arrival, topic: commandTopic(topic) });
      if (typeof twin === "object" || isTwinId(twin)) return twin;
      return refuse(
        "bad-id",
        `${twin} cannot be a twin's id.`,
        "Begin the group's name with a letter or digit, or let idFrom name another level.",
      );
    },
    readRows,
    askRebirth: broker && ((topic, why) => void ask(topic, why.message)),
  };

  async function ask(topic: Owner, why: string): Promise<void> {
    host.log(host.text("log.rebirth", { node: `${topic.group}/${topic.node}`, why }));
    try {
      await broker?.publish(commandTopic(topic), encodeCommand([rebirth]));
    } catch {
      // Asked again with what comes next.
    }
  }

  const lease = acquire(`sparkplug:${host.id}`, () => {
    const present = { ...rules };
    return { value: { present, reader: createSparkplugReader(present) }, dispose: () => undefined };
  });
  const { present, reader } = lease.value;
  Object.assign(present, rules);
  const withdraw = offerBirths(settings.broker, reader);
  const timer = setInterval(() => reader.tick(Date.now()), tickMs);
  timer.unref();
  host.onClose(() => {
    clearInterval(timer);
    withdraw();
    lease.release();
  });

  return (topic, payload, arrival) => reader.read(topic, () => decode(payload), arrival);
}

const rebirth = { name: "Node Control/Rebirth", datatype: dataTypes.Boolean, value: true };

function decode(payload: unknown) {
  if (payload instanceof Uint8Array) return decodeSparkplug(payload);
  return new Refusal(
    refuse("bad-payload", "The payload is no buffer.", 'Let the "mqtt in" node give a buffer, not text.'),
  );
}
