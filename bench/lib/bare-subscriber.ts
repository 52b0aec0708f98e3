/** The bare subscriber: mqtt.js, QoS 1, JSON.parse, a counter. `node bare-subscriber.js <port> <topic filter> <messages a step>` */
import mqtt from "mqtt";

const [port, topic, size] = process.argv.slice(2) as [string, string, string];
const step = Number(size);
let count = 0;
let sum = 0;
const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { clientId: "bare", protocolVersion: 4 });
client.on("message", (_topic, payload) => {
  sum += (JSON.parse(payload.toString()) as { main_comp: number }).main_comp;
  if (++count % step === 0) process.send?.({ kind: "done", count, sum });
});
client.on("connect", () => {
  client.subscribe(topic, { qos: 1 });
});
process.on("disconnect", () => process.exit());
