import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { createAcknowledgements } from "../../nodes/twin-broker/acknowledgements";
import type { Held } from "../../nodes/twin-broker/broker";
import { useMosquitto } from "../support/mosquitto";
import { clients, pause, stateOf, strangers, until } from "./twin-broker.clients";

/** A promise and what settles it. */
function held(): Held & { resolve(): void; reject(error: Error): void } {
  let resolve = (): void => undefined;
  let reject = (_error: Error): void => undefined;
  const acknowledgeAfter = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { acknowledgeAfter, resolve, reject };
}

/** fdatasync as `SegmentLog.synced` has it: it takes a while, and whoever asks meanwhile shares the next one. */
function createSync(ms: number): { synced(): Promise<void>; count(): number } {
  let count = 0;
  let running: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  const run = (): Promise<void> => {
    count++;
    running = pause(ms).finally(() => {
      running = undefined;
    });
    return running;
  };
  return {
    count: () => count,
    synced() {
      if (!running) return run();
      queued ??= running.then(() => {
        queued = undefined;
        return run();
      });
      return queued;
    },
  };
}

describe("acknowledgements of a connection", () => {
  const idsOf = (stream: PassThrough): number[] => {
    const bytes = (stream.read() as Buffer | null) ?? Buffer.alloc(0);
    return Array.from({ length: bytes.length / 4 }, (_, n) => {
      assert.equal(bytes.readUInt16BE(n * 4), 0x4002, "a PUBACK");
      return bytes.readUInt16BE(n * 4 + 2);
    });
  };
  const never = (): never => assert.fail("nothing failed");

  it("go out in the order of the messages, whatever is recorded first", async () => {
    const stream = new PassThrough();
    const list = createAcknowledgements(stream, { onFailed: never });
    const [first, second] = [held(), held()];
    list.add(1);
    list.add(2, first.acknowledgeAfter);
    list.add(65_535, second.acknowledgeAfter);
    list.add(4);
    second.resolve();
    await pause(5);
    assert.deepEqual(idsOf(stream), [1]);
    first.resolve();
    await list.settled();
    await pause(5);
    assert.deepEqual(idsOf(stream), [2, 65_535, 4]);
  });

  it("end with the first message that is not recorded: those behind it are not acknowledged either", async () => {
    const stream = new PassThrough();
    const failures: unknown[] = [];
    const list = createAcknowledgements(stream, { onFailed: (error) => failures.push(error) });
    const [first, second] = [held(), held()];
    list.add(1, first.acknowledgeAfter);
    list.add(2, second.acknowledgeAfter);
    first.reject(new Error("disk full"));
    second.resolve();
    list.add(3);
    await pause(5);
    assert.deepEqual([idsOf(stream), String(failures)], [[], "Error: disk full"]);
    assert.equal(failures.length, 1);
  });

  it("are bounded in number and in time", async () => {
    const stream = new PassThrough();
    const failures: unknown[] = [];
    const list = createAcknowledgements(stream, { maxWaiting: 3, patienceMs: 50, onFailed: (e) => failures.push(e) });
    const [first] = [held()];
    assert.equal(list.add(1, first.acknowledgeAfter), undefined);
    assert.equal(list.add(2, held().acknowledgeAfter), undefined);
    const room = list.add(3, held().acknowledgeAfter);
    assert.ok(room, "the next message waits");
    first.resolve();
    await room;
    await until(() => failures.length === 1, "the second was held for too long");
    assert.match(String(failures), /not recorded within 0.05 s/);
  });
});

for (const protocolVersion of [4, 5] as const)
  describe(`twin-broker with acknowledgements that are held, MQTT ${protocolVersion === 4 ? "3.1.1" : "5"}`, () => {
    const server = useMosquitto(["max_inflight_messages 200", "max_queued_messages 10000"]);
    const open = clients();
    const connect = strangers();
    const newId = (): string => `held-${Math.random().toString(36).slice(2)}`;

    it("hands over the next message while they wait; what was not recorded comes again", async () => {
      const clientId = newId();
      const first = open(server.url, { protocolVersion, clientId });
      const seen: string[] = [];
      const records: Record<string, ReturnType<typeof held>> = {};
      first.subscribe("held/a", 1, (_topic, payload, { messageId }) => {
        assert.ok(messageId);
        seen.push(`${payload}`);
        const record = held();
        records[`${payload}`] = record;
        return record;
      });
      await until(() => first.isSubscribed(), "subscribed");
      const stranger = await connect(server.url);
      for (const n of ["1", "2", "3"]) await stranger.publishAsync("held/a", n, { qos: 1 });
      await until(() => seen.length === 3, "three messages at once");
      records["1"]?.resolve();
      await pause(50);
      // Closing politely must not let the other two out.
      await first.close(false);
      const second = open(server.url, { protocolVersion, clientId });
      const again: [string, boolean][] = [];
      second.subscribe("held/a", 1, (_topic, payload, { dup }) => void again.push([`${payload}`, dup]));
      await until(() => again.length === 2, "those that were not recorded");
      await pause(100);
      assert.deepEqual(again, [
        ["2", true],
        ["3", true],
      ]);
    });

    it("ends the connection when a message cannot be recorded; it comes again, with its packet identifier", async () => {
      const broker = open(server.url, { protocolVersion, clientId: newId() });
      const state = stateOf(broker);
      const problems = new Set<string>();
      broker.onState((next) => next.state === "failed" && problems.add(`${next.problem} ${next.detail}`));
      const seen: string[] = [];
      const ids: (number | undefined)[] = [];
      let failures = 6;
      broker.subscribe("held/b", 1, (_topic, payload, { messageId }) => {
        seen.push(`${payload}`);
        if (`${payload}` === "1") ids.push(messageId);
        return { acknowledgeAfter: failures-- > 0 ? Promise.reject(new Error("disk full")) : Promise.resolve() };
      });
      await until(() => broker.isSubscribed(), "subscribed");
      const stranger = await connect(server.url);
      for (const n of ["1", "2"]) await stranger.publishAsync("held/b", n, { qos: 1 });
      await until(() => failures < 0 && state.now().state === "connected", "recorded at last");
      await until(() => seen.at(-1) === "2", "and the one behind it");
      assert.ok(ids.length > 3 && new Set(ids).size === 1, `one identifier: ${ids}`);
      const [problem] = problems;
      assert.match(problem ?? "", /^notRecorded .*disk full.*send it again/);
      assert.doesNotMatch([...problems].join(), /takenOver/, "ending it ourselves is nobody else's doing");
      await stranger.publishAsync("held/b", "3", { qos: 1 });
      await until(() => seen.at(-1) === "3", "further messages");
    });

    it("shares one fsync among many: the messages of a window do not wait for each other", async () => {
      const broker = open(server.url, { protocolVersion, clientId: newId() });
      const disk = createSync(3);
      let seen = 0;
      broker.subscribe("held/c", 1, () => {
        seen++;
        return { acknowledgeAfter: disk.synced() };
      });
      await until(() => broker.isSubscribed(), "subscribed");
      const stranger = await connect(server.url);
      const count = 4000;
      const started = performance.now();
      await Promise.all(Array.from({ length: count }, (_, n) => stranger.publishAsync("held/c", `${n}`, { qos: 1 })));
      await until(() => seen === count, "all");
      const rate = Math.round((count / (performance.now() - started)) * 1000);
      console.log(`      ${rate} messages/s, ${Math.round(count / disk.count())} to an fsync of 3 ms`);
      // One for each message would be 4000; a count, because the speed of this computer proves nothing.
      assert.ok(disk.count() < count / 10, `${disk.count()} fsyncs`);
    });
  });
