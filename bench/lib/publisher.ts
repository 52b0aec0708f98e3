/**
 * A publisher in a process of its own, which makes its packets ready beforehand and speaks MQTT 3.1.1 as far as it needs:
 * CONNECT, PUBLISH with QoS 1, PUBACK. mqtt.js would take longer to publish than what is measured takes to receive.
 *
 *     node publisher.js <port> <name>
 *     { kind: "fill", topic: "a", from: 0, count: 100000, twins: 100 }  ->  { kind: "filled" }   all acknowledged by the broker
 *     { kind: "pace", topic: "a", from, count, twins, perSecond }       ->  { kind: "paced" }    with `sent`, ms, in each
 */
import { connect } from "node:net";
import { payloadOf, twinName, twinOf } from "./samples";

interface Order {
  kind: "fill" | "pace";
  topic: string;
  from: number;
  count: number;
  twins: number;
  perSecond?: number;
}

const [port, name] = process.argv.slice(2) as [string, string];
const socket = connect(Number(port), "127.0.0.1");
socket.setNoDelay(true);
/** Bytes of answers that are still to come: 4 for CONNACK, 4 for each PUBACK. */
let owed = 4;
let onSettled: () => void = () => process.send?.({ kind: "ready" });
socket.on("data", (data) => {
  owed -= data.length;
  if (owed === 0) onSettled();
});
socket.write(connectPacket(name));
setInterval(() => {
  if (owed > 0) return;
  owed += 2;
  onSettled = () => undefined;
  socket.write(Buffer.from([0xc0, 0]));
}, 20_000).unref();

process.on("message", (order: Order) => void (order.kind === "fill" ? fill(order) : pace(order)));
process.on("disconnect", () => process.exit());

function fill({ topic, from, count, twins }: Order): void {
  const packets: Buffer[] = [];
  for (let i = from; i < from + count; i++)
    packets.push(publishPacket(`${topic}/${twinName(twinOf(i, twins))}`, payloadOf(i, twins), i));
  onSettled = () => process.send?.({ kind: "filled" });
  owed += 4 * count;
  socket.write(Buffer.concat(packets));
}

function pace({ topic, from, count, twins, perSecond = 1000 }: Order): void {
  const begun = performance.now();
  let i = 0;
  onSettled = () => {
    if (i === count) process.send?.({ kind: "paced" });
  };
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((performance.now() - begun) * perSecond) / 1000));
    for (; i < due; i++) {
      const at = from + i;
      const sample = JSON.parse(payloadOf(at, twins));
      sample.sent = performance.timeOrigin + performance.now();
      owed += 4;
      socket.write(publishPacket(`${topic}/${twinName(twinOf(at, twins))}`, JSON.stringify(sample), at));
    }
    if (i === count) clearInterval(timer);
  }, 1);
}

function publishPacket(topic: string, payload: string, i: number): Buffer {
  const body = Buffer.from(payload);
  const head = textField(topic);
  const id = Buffer.alloc(2);
  id.writeUInt16BE((i % 65_535) + 1);
  return Buffer.concat([Buffer.from([0x32]), varint(head.length + 2 + body.length), head, id, body]);
}

function connectPacket(clientId: string): Buffer {
  // Protocol level 4, clean session, keep alive 60 s.
  const body = Buffer.concat([textField("MQTT"), Buffer.from([4, 2, 0, 60]), textField(clientId)]);
  return Buffer.concat([Buffer.from([0x10]), varint(body.length), body]);
}

function textField(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 127) | 128);
  }
}
