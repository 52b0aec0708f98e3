import { randomUUID } from "node:crypto";
import type { CommandRecord } from "../../engine/command/command-record";
import type { DeviceTopics } from "../../engine/command/device-topics";
import { type Answer, readAnswer } from "../../engine/command/read-answer";
import type { TwinDocument } from "../../engine/contract/document";
import { Failure } from "../../engine/contract/errors";
import type { Host } from "../lib/define-node";
import { isObject } from "../lib/messages";
import type { Message } from "../lib/node-red";
import type { Broker, BrokerState } from "../twin-broker/broker";

/** The way to the devices: a broker, or output 3 and whatever is wired to it. */
export interface Device {
  /** Hands an action on. Rejects when it did not leave. */
  command(record: CommandRecord): Promise<void>;
  /** Hands on `delta`: what is desired and not met. */
  desired(document: Pick<TwinDocument, "id" | "delta" | "ack">): Promise<void>;
}

export interface DeviceAnswer extends Answer {
  twin: string;
  of: "command" | "desired";
}

/** The third output. */
const toDevice = (msg: Message): (Message | null)[] => [null, null, msg];

/** Speaks to the devices, and hears their answers when there is a broker. */
export function openDevice(
  host: Host,
  broker: Broker | undefined,
  topics: DeviceTopics,
  hear: (answer: DeviceAnswer) => Promise<void>,
): Device {
  if (broker) listen(host, broker, topics, hear);

  async function send(topic: string, payload: unknown, correlation: string, expires?: number): Promise<void> {
    const responseTopic = topics.answerTo(topic);
    const correlationData = Buffer.from(correlation);
    const expiryS = expires === undefined ? undefined : Math.max(1, Math.ceil((expires - Date.now()) / 1000));
    if (broker) {
      const options = {
        qos: 1,
        responseTopic,
        correlationData,
        ...(expiryS === undefined ? {} : { expiryS }),
      } as const;
      return broker.publish(topic, JSON.stringify(payload), options);
    }
    // As core mqtt out wants it; other nodes find everything in the payload.
    // A copy: what the flow makes of it must not be what is sent again.
    const msg: Message = { topic, payload: structuredClone(payload), qos: 1, responseTopic, correlationData };
    if (expiryS !== undefined) msg.messageExpiryInterval = expiryS;
    host.send(toDevice({ _msgid: randomUUID(), ...msg }));
  }

  return {
    command({ id, twin, name, args, expires }) {
      return send(topics.command(twin), { id, name, args, expires }, id, expires);
    },
    desired({ id, delta, ack }) {
      return send(topics.desired(id), { ...delta }, String(ack?.version ?? 0));
    },
  };
}

function listen(host: Host, broker: Broker, topics: DeviceTopics, hear: (answer: DeviceAnswer) => Promise<void>): void {
  let warned = false;
  for (const filter of topics.filters) {
    const subscription = broker.subscribe(
      filter,
      1,
      async (topic, payload, packet) => {
        const from = topics.read(topic);
        const answer = from && readAnswer(payload.toString(), packet.correlationData?.toString());
        if (from && answer) return hear({ ...answer, ...from });
        if (!warned) host.warn(host.text("warning.answer", { topic }));
        warned = true;
      },
      {
        // An owner has one topic at a time, and this node has two.
        owner: `${host.id} ${filter.split("/").at(-2)}`,
        onRefused: (reason) =>
          host.fail(new Failure("broker-failed", `The broker refuses the subscription: ${reason}`)),
      },
    );
    host.onClose((removed) => subscription.close(!removed));
  }
  host.onClose(broker.onState((state) => showBroker(host, state)));
}

/** The badge of a node that speaks by a broker. */
export function showBroker(host: Host, state: BrokerState): void {
  if (state.state === "connected") host.show("ok", host.text("status.connected"));
  else if (state.state === "failed") host.show("failed", `${host.text(`problem.${state.problem}`)}: ${state.detail}`);
  else host.show("connecting", host.text("status.connecting"));
}

/**
 * The answer in a message that came in by a wire: `msg.answer`, or the payload of an answer's topic. Undefined for a message
 * that is none.
 */
export function answerIn(msg: Message, topics: DeviceTopics): DeviceAnswer | undefined {
  const { topic, correlationData, command } = msg;
  const correlation = Buffer.isBuffer(correlationData) ? correlationData.toString() : undefined;
  const from = typeof topic === "string" ? topics.read(topic) : undefined;
  if (msg.answer === undefined) {
    const answer = from && readAnswer(Buffer.isBuffer(msg.payload) ? msg.payload.toString() : msg.payload, correlation);
    return from && answer && { ...answer, ...from };
  }
  const ownId = isObject(command) && typeof command.id === "string" ? command.id : undefined;
  const answer = readAnswer(msg.answer, ownId ?? correlation);
  const twin = from?.twin ?? (typeof topic === "string" ? topic : "");
  return answer && { ...answer, twin, of: answer.id === undefined ? "desired" : "command" };
}
