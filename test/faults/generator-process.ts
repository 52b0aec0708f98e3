// The machines: a process of its own that publishes samples and writes down which of them were acknowledged.
import { writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "mqtt";
import { bodyOf, createDeviceClock, topicOf, twinOf } from "./sample";

export interface GeneratorOptions {
  kind: "mqtt" | "http";
  /** Of the broker, or of the endpoint. */
  url: string;
  /** Samples a second; 0: as fast as they are taken. */
  rate: number;
  /** Most samples that wait for an acknowledgement. Beyond that the generator waits, as a device with a full buffer would. */
  window: number;
  /** HTTP: samples in one request. 1: a plain object. */
  batch: number;
  ledgerFile: string;
  /** Number of the first sample. */
  startAt: number;
  /** MQTT: after a reconnect so many of the last acknowledged messages are sent again. */
  repeatLast: number;
  /** HTTP: a request without an answer is sent again, the same one, until it has one. */
  sendAgain: boolean;
  /** HTTP: each request has an Idempotency-Key. */
  withKey: boolean;
  /** Fields that the samples are sent without. */
  without: ("ts" | "seq")[];
}

/** What the parent process is told, four times a second and at the end. */
export interface GeneratorState {
  /** Number of the next sample. */
  sent: number;
  acknowledged: number;
  /** HTTP: requests by status; 0 is one that failed without an answer. */
  statuses: Record<string, number>;
  /** HTTP: answers 429 or 503 without Retry-After. */
  withoutRetryAfter: number;
  done?: boolean;
}

const tickMs = 5;
const stopPatienceMs = 60_000;
const sendAgainMs = 100;
const options = JSON.parse(process.argv[2] as string) as GeneratorOptions;
const clock = createDeviceClock();
const acknowledged: number[] = [];
const statuses: Record<string, number> = {};
let withoutRetryAfter = 0;
let next = options.startAt;
let waiting = 0;
/** Acknowledged before, and sent again. */
let repeating = 0;
let stopping = false;
let owed = 0;
let last = performance.now();

const door = options.kind === "mqtt" ? openMqtt() : openHttp();
const timer = setInterval(tick, tickMs);
const reporter = setInterval(() => report(), 250);

function tick(): void {
  const now = performance.now();
  // What the device could not send is not made up for: it would be a burst that nobody asked for.
  owed = options.rate === 0 ? options.window : Math.min(owed + (options.rate * (now - last)) / 1000, options.rate);
  last = now;
  while (!stopping && owed >= options.batch && waiting + options.batch <= options.window && door.isReady()) {
    const numbers = Array.from({ length: options.batch }, () => next++);
    waiting += numbers.length;
    if (options.rate > 0) owed -= numbers.length;
    door.send(numbers, (taken) => {
      waiting -= numbers.length;
      for (const n of taken) acknowledged.push(n);
    });
  }
}

process.on("message", (text) => {
  if (text !== "stop") return;
  stopping = true;
  const end = Date.now() + stopPatienceMs;
  const look = setInterval(() => {
    if (waiting + repeating > 0 && Date.now() < end) return;
    clearInterval(look);
    clearInterval(timer);
    clearInterval(reporter);
    writeFileSync(options.ledgerFile, acknowledged.join("\n"));
    report(true);
    door.close();
    setTimeout(() => process.exit(0), 50);
  }, 20);
});
process.on("disconnect", () => process.exit(0));

function report(done = false): void {
  const state: GeneratorState = { sent: next, acknowledged: acknowledged.length, statuses, withoutRetryAfter };
  process.send?.(done ? { ...state, done } : state);
}

interface Door {
  isReady(): boolean;
  /** Tells which of the numbers were acknowledged, when that is known. What was not is never sent again by itself. */
  send(numbers: number[], settle: (taken: number[]) => void): void;
  close(): void;
}

/** QoS 1 with a persistent session: what waits for its PUBACK is sent again after a reconnect. */
function openMqtt(): Door {
  const client = connect(options.url, { clientId: "machines", clean: false, reconnectPeriod: 50, queueQoSZero: false });
  const latest: { topic: string; body: string }[] = [];
  client.on("error", () => undefined);
  client.on("connect", () => {
    for (const { topic, body } of latest) {
      repeating++;
      client.publish(topic, body, { qos: 1 }, () => repeating--);
    }
  });
  return {
    isReady: () => client.connected,
    send(numbers, settle) {
      for (const n of numbers) {
        const message = { topic: topicOf(n), body: JSON.stringify(bodyOf(n, clock(n))) };
        client.publish(message.topic, message.body, { qos: 1 }, (error) => {
          if (!error && latest.push(message) > options.repeatLast) latest.shift();
          settle(error ? [] : [n]);
        });
      }
    },
    close: () => void client.end(true),
  };
}

function openHttp(): Door {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });

  function attempt(
    body: string,
    headers: Record<string, string | number>,
    end: (status: number, text: string) => void,
  ) {
    let settled = false;
    const settle = (status: number, text = ""): void => {
      if (settled) return;
      settled = true;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status === 0 && options.sendAgain) setTimeout(() => attempt(body, headers, end), sendAgainMs);
      else end(status, text);
    };
    const sending = request(options.url, { method: "POST", agent, headers, timeout: 30_000 }, (response) => {
      const status = response.statusCode ?? 0;
      if ((status === 503 || status === 429) && !response.headers["retry-after"]) withoutRetryAfter++;
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => settle(status, text));
      response.on("error", () => settle(0));
    });
    sending.on("timeout", () => sending.destroy());
    sending.on("error", () => settle(0));
    sending.end(body);
  }

  return {
    isReady: () => true,
    send(numbers, settle) {
      const samples = numbers.map((n) => {
        const sample: Record<string, unknown> = { id: twinOf(n), ...bodyOf(n, clock(n)) };
        for (const field of options.without) delete sample[field];
        return sample;
      });
      const body = JSON.stringify(options.batch === 1 ? samples[0] : samples);
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        ...(options.withKey ? { "idempotency-key": `faults-${numbers[0]}` } : {}),
      };
      attempt(body, headers, (status, text) => {
        if (status === 200 || status === 202) settle(numbers);
        else if (status === 207) {
          const bad = new Set((JSON.parse(text) as { errors: { index: number }[] }).errors.map(({ index }) => index));
          settle(numbers.filter((_n, index) => !bad.has(index)));
        } else settle([]);
      });
    },
    close: () => agent.destroy(),
  };
}
