import { Refusal } from "../../engine/contract/errors";
import type { TwinModel } from "../../engine/contract/model";
import { isPlainObject } from "../../engine/ingest/path";
import type { Arrival } from "../../engine/ingest/read-entry";
import { createPayloadReader, type Reading } from "../../engine/ingest/read-payload";
import { createPresenceReader } from "../../engine/ingest/read-presence";
import { areArrivalsWatched, tellArrival } from "../lib/arrivals";
import { defineNode } from "../lib/define-node";
import { twinFieldOf } from "../lib/messages";
import type { Message } from "../lib/node-red";
import type { Broker } from "../twin-broker/broker";
import type { TwinStore } from "../twin-store/store";
import type { Entry } from "./custody";
import { openHttpDoor } from "./http-door";
import { openIntake } from "./intake";
import { createMeter } from "./meter";
import { openMqttDoor } from "./mqtt-door";
import { samplesOf } from "./outcome";
import { createOutlet } from "./outlet";
import { messageOf, type Parcel } from "./parcel";
import { type KnownText, readText, readWord } from "./read-text";
import { acquireMemory } from "./repeats";
import { openSparkplug } from "./sparkplug";
import { readTwinIngestSettings, type TwinIngestSettings } from "./twin-ingest.settings";

export default defineNode<TwinIngestSettings>({
  type: "twin-ingest",
  credentials: { token: { type: "password" } },
  readSettings: readTwinIngestSettings,
  start(host, settings) {
    const model = host.useIfSet<TwinModel>("twin-model", settings.model);
    const { sequences, stampArrival } = acquireMemory(host);
    /** Samples of the present message that got their time here. */
    let stamped = 0;
    const readPayload = createPayloadReader({
      ...settings,
      model,
      stampArrival: (id, now) => {
        stamped++;
        return stampArrival(id, now);
      },
    });
    const arrivalSource = { id: host.id, template: host.node._alias, name: host.node.name ?? "" };
    const readPresence = createPresenceReader({ id: settings.id, ...(model && { model }) });
    const journal =
      settings.durable && settings.source !== "input"
        ? host.use<TwinStore>("twin-store", settings.store).journal
        : undefined;
    const meter = createMeter(host, sequences, journal);
    const intake = journal && openIntake(host, journal, meter, sequences, handOn);
    const outlet = createOutlet(host, settings, meter, (messages, entries) => intake?.dispatch(messages, entries));

    function handOn(parcel: Parcel, entry?: Entry): void {
      if (!entry?.redelivered) count(parcel.reading);
      outlet(parcel.reading, messageOf(parcel), host.send, entry);
    }

    function count(reading: Reading): void {
      for (const sample of samplesOf(reading)) sequences.took(sample);
    }

    const take: (parcel: Parcel, soon?: boolean) => void = intake?.take ?? ((parcel) => handOn(parcel));

    const broker = settings.source === "mqtt" ? host.use<Broker>("twin-broker", settings.broker) : undefined;
    const sparkplug = settings.format === "sparkplug" ? openSparkplug(host, settings, readPayload, broker) : undefined;

    /** @param retained the broker had kept it */
    function read(payload: unknown, arrival: Arrival, known?: KnownText, retained = false): Reading | undefined {
      stamped = 0;
      const reading = understand(payload, arrival, known);
      if (!reading) return undefined;
      if (retained) markRetained(reading);
      // What a broker says of a device is no word of the device.
      if (areArrivalsWatched() && settings.format !== "presence")
        tellArrival({
          source: arrivalSource,
          reading,
          bytes: bytesOf(payload),
          now: arrival.now,
          isTimed: stamped === 0,
        });
      return reading;
    }

    /** Undefined: a message that is none of a device. */
    function understand(payload: unknown, arrival: Arrival, known?: KnownText): Reading | undefined {
      try {
        if (sparkplug && arrival.trusted !== true) return sparkplug(arrival.topic ?? "", payload, arrival);
        const { format, columns, encoding } = settings;
        if (format === "sparkplug") return readPayload(payload, arrival);
        if (format === "presence") return readPresence(readWord(payload), arrival);
        const { value, fromText, faults } = readText(payload, { format, columns, encoding }, known);
        return readPayload(value, fromText ? { ...arrival, fromText, faults } : arrival);
      } catch (error) {
        if (error instanceof Refusal) return { kind: "refused", error: error.info };
        throw error;
      }
    }

    if (broker) {
      openMqttDoor(host, broker, settings, meter, intake, (topic, payload, packet, mark) => {
        const { qos, retain } = packet;
        const arrival = { topic, now: Date.now(), msg: packet as unknown as Record<string, unknown> };
        const reading = read(payload, arrival, undefined, retain);
        if (!reading) return 0;
        take({ topic, payload, reading, source: retain ? { topic, qos, retain } : { topic, qos }, mark }, true);
        return reading.kind === "batch" ? reading.samples.length : 1;
      });
    }
    if (settings.source === "http") {
      openHttpDoor(host, settings, meter, intake, {
        read({ topic, path, known, headers, query }, payload) {
          const msg = { topic, req: { path, headers, query } };
          const reading = read(payload, { topic, now: Date.now(), msg }, known) as Reading;
          return { topic, payload, reading, source: { path } };
        },
        handOn,
      });
      meter.door(undefined, host.text("status.listening", { path: settings.path }));
    }

    return {
      /** A wired message, in any mode. */
      input(msg, send) {
        const { payload, arrival } = arrivalOf(msg);
        const reading = read(payload, arrival, undefined, msg.retain === true);
        if (!reading) return;
        count(reading);
        outlet(reading, msg, send);
      },
    };
  },
});

/** Characters for text: close enough, and free. */
const bytesOf = (payload: unknown): number =>
  typeof payload === "string" || payload instanceof Uint8Array ? payload.length : 0;

/** What the broker had kept tells what was last said, not that the device lives. */
function markRetained(reading: Reading): void {
  for (const sample of samplesOf(reading)) sample.retained = true;
}

/** A message that is a sample or batch already keeps what it says; one from `http in` has its path for a topic. */
function arrivalOf(msg: Message): { payload: unknown; arrival: Arrival } {
  const now = Date.now();
  const twin = twinFieldOf(msg);
  if (twin?.batch !== undefined) return { payload: msg.payload, arrival: { now, msg, trusted: true } };
  if (twin?.id !== undefined && isPlainObject(msg.payload))
    return { payload: { ...twin, values: msg.payload }, arrival: { now, msg, trusted: true } };
  return { payload: msg.payload, arrival: { now, msg, topic: topicOf(msg) } };
}

function topicOf({ topic, req }: Message): string | undefined {
  if (typeof topic === "string" && topic !== "") return topic;
  if (typeof topic === "number") return String(topic);
  const path = (req as { path?: unknown } | undefined)?.path;
  return typeof path === "string" ? path.replace(/^\/+/, "") : undefined;
}
