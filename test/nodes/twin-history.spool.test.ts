import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Sample, Table } from "../../engine/contract/messages";
import { type RawQuery, readHistoryQuery } from "../../engine/history/history-query";
import type { InfluxHistory } from "../../nodes/twin-history/influx";
import { worstDelay } from "../support/event-loop";
import { useInfluxd } from "../support/influxd";
import { until, useHistories } from "./twin-history.support";

const t0 = 1_772_409_600_000;
const samplesOf = (count: number, id = "t", from = t0): Sample[] =>
  Array.from({ length: count }, (_, i) => ({ id, ts: from + i, values: { n: i, half: i / 2 } }));
const ask = (history: InfluxHistory, query: RawQuery = {}): Promise<Table> =>
  history.query(readHistoryQuery({ start: 0, end: "2030-01-01", ...query }, t0));
const drained = (history: InfluxHistory): Promise<void> =>
  until(history, ({ spooled, state }) => spooled === 0 && state === "ok");

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

describe("twin-history, the spool, with a real InfluxDB", () => {
  const influxd = useInfluxd();
  const histories = useHistories(() => influxd().url);
  const { state } = histories;
  const open: typeof histories.open = (options) => histories.open(options);
  afterEach(async () => {
    if (influxd().pid === undefined) await influxd().start();
  });

  it("takes what comes while the server is away, and what waited; loses none, and says how it stands", async () => {
    const history = open({ batchSize: 100 });
    await history.write(samplesOf(10, "before"));
    await influxd().kill();
    const states: string[] = [];
    history.watch((status) => states.push(status.state));
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => history.write(samplesOf(20, "t", t0 + 20 * i))),
    );
    assert.deepEqual(
      results,
      results.map(() => ({ written: 20, spooled: 20, empty: 0, refused: [] })),
    );
    const status = history.describe();
    assert.equal(status.state, "retrying");
    assert.match(status.reason ?? "", /ECONNREFUSED|socket hang up|ECONNRESET/);
    assert.deepEqual([status.waiting, status.spooled, status.dropped, status.refusedLater], [0, 1000, 0, 0]);
    assert.ok(status.spoolBytes > 1000 * 30 && status.spoolBytes < 1000 * 200, `${status.spoolBytes} bytes`);
    assert.ok(status.oldestMs > 0);
    await assert.rejects(ask(history), { code: "history-failed", message: /cannot be reached/ });
    await influxd().start();
    await drained(history);
    assert.deepEqual(states, ["retrying", "ok"]);
    assert.equal(state.warnings.length, 1, "said once for an outage");
    assert.deepEqual(
      { ...history.describe(), spoolMaxBytes: 0 },
      {
        state: "ok",
        waiting: 0,
        spooled: 0,
        spoolBytes: 0,
        spoolMaxBytes: 0,
        oldestMs: 0,
        refusedLater: 0,
        dropped: 0,
      },
    );
    assert.equal((await ask(history, { twin: "t" })).length, 1000);
    assert.equal((await ask(history, { twin: "before" })).length, 10);
  }).timeout(30_000);

  it("begins while the server is away, with nothing there yet", async () => {
    await influxd().kill();
    const history = open();
    assert.deepEqual(await history.write(samplesOf(60_000)), {
      written: 60_000,
      spooled: 60_000,
      empty: 0,
      refused: [],
    });
    await influxd().start();
    await drained(history);
    assert.equal((await ask(history, { aggregate: "count", properties: ["n"] }))[0]?.n, 60_000);
  }).timeout(30_000);

  it("loses nothing under load through several outages, and writes live samples while it drains", async () => {
    const history = open({ batchSize: 200, flushMs: 2 });
    const acknowledged: number[] = [];
    let sent = 0;
    let running = true;
    const load = (async () => {
      const writes: Promise<unknown>[] = [];
      while (running) {
        const ts = t0 + sent;
        sent += 50;
        writes.push(history.write(samplesOf(50, "load", ts)).then(({ written }) => acknowledged.push(written)));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await Promise.all(writes);
    })();
    for (let outage = 0; outage < 3; outage++) {
      await until(history, (status) => status.state === "ok" && status.spooled === 0);
      await influxd().kill();
      await until(history, ({ spooled }) => spooled > 2000);
      await influxd().start();
    }
    running = false;
    await load;
    await drained(history);
    assert.equal(
      acknowledged.reduce((sum, n) => sum + n, 0),
      sent,
    );
    const rows = await ask(history, { twin: "load", properties: ["n"], aggregate: "count" });
    assert.equal(rows[0]?.n, sent);
  }).timeout(40_000);

  it("sends what a process left when it was killed, with the next one", async () => {
    await influxd().kill();
    const options = histories.options({ batchSize: 100 });
    const script = `
      const { openInfluxHistory } = require(${JSON.stringify(require.resolve("../../nodes/twin-history/influx.js"))});
      const history = openInfluxHistory(${JSON.stringify(options)}, () => undefined);
      let n = 0;
      const writeNext = () => {
        const ts = ${t0} + n++;
        history.write([{ id: "t", ts, values: { n: ts - ${t0} } }]).then(() => process.stdout.write(ts - ${t0} + "\\n"));
        if (n % 50 === 0) setTimeout(writeNext, 1); else writeNext();
      };
      writeNext();`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (text) => {
      said += text;
      if (said.length > 20_000) child.kill("SIGKILL");
    });
    await new Promise((resolve) => child.once("close", resolve));
    const acknowledged = said.slice(0, said.lastIndexOf("\n")).split("\n").map(Number);
    assert.ok(acknowledged.length > 1000);
    const history = open({ batchSize: 100 });
    assert.ok(history.describe().spooled >= acknowledged.length);
    await influxd().start();
    await drained(history);
    const kept = new Set((await ask(history)).map(({ n }) => n));
    assert.deepEqual(
      acknowledged.filter((n) => !kept.has(n)),
      [],
    );
  }).timeout(30_000);

  it("sends what an earlier history left with new credentials, and not to another database", async () => {
    await influxd().kill();
    await open().write(samplesOf(10));
    await histories.closeAll();
    const other = open({ database: `${state.database}-other` });
    await influxd().start();
    await until(other, (status) => status.state === "ok");
    assert.equal(other.describe().spooled, 0);
    const history = open({ username: "somebody", password: "new" });
    await drained(history);
    assert.equal((await ask(history)).length, 10);
  }).timeout(20_000);

  for (const bad of [1, 10, 100])
    it(`of 5,000 spooled samples with ${bad} of another type, sets exactly those aside, with the server's reason`, async () => {
      const history = open({ batchSize: 5000 });
      await history.write([{ id: "t", ts: t0 + 10_000, values: { n: 0 } }]);
      await influxd().kill();
      const step = 5000 / bad;
      const samples = samplesOf(5000).map((sample, i) =>
        i % step === Math.floor(step / 2)
          ? { ...sample, model: "m, x", values: { n: "a text\nof two", half: 1 } }
          : sample,
      );
      assert.deepEqual(await history.write(samples), { written: 5000, spooled: 5000, empty: 0, refused: [] });
      await influxd().start();
      await drained(history);
      assert.deepEqual([history.describe().refusedLater, history.describe().dropped], [bad, 0]);
      const entries = readFileSync(path.join(histories.folder(), "refused.jsonl"), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      assert.deepEqual(
        entries.map(({ sample }) => sample),
        samples.filter(({ values }) => typeof values.n === "string"),
      );
      for (const { time, error } of entries) {
        assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000);
        assert.equal(error.code, "wrong-type");
        assert.match(error.message, /field type conflict.*is type string, already exists as type float/);
      }
      assert.equal(state.warnings.filter((text) => /refused/.test(text)).length, 1);
      const { values } = await influxd().query(state.database, 'SELECT count("n") FROM "twin"');
      assert.equal(values[0]?.[1], 5000 - bad + 1);
    }).timeout(20_000);

  it("goes on while the server takes connections and does not answer", async () => {
    const history = open({ timeoutMs: 300 });
    await history.write(samplesOf(1, "before"));
    const { pid } = influxd();
    process.kill(pid as number, "SIGSTOP");
    try {
      const { spooled } = await history.write(samplesOf(100));
      assert.equal(spooled, 100);
      assert.match(history.describe().reason ?? "", /no answer within 0.3 s/);
    } finally {
      process.kill(pid as number, "SIGCONT");
    }
    await drained(history);
    assert.equal((await ask(history, { twin: "t" })).length, 100);
  }).timeout(20_000);

  it("puts into the spool what it could not write when it is closed, even while the server hangs", async () => {
    const history = open({ timeoutMs: 60_000 });
    await history.write(samplesOf(1, "before"));
    const { pid } = influxd();
    process.kill(pid as number, "SIGSTOP");
    try {
      const begun = Date.now();
      const writing = history.write(samplesOf(10));
      await history.close();
      assert.ok(Date.now() - begun < 4000);
      assert.equal((await writing).spooled, 10);
      await assert.rejects(history.write(samplesOf(1)), { code: "history-failed" });
    } finally {
      process.kill(pid as number, "SIGCONT");
    }
    const next = open();
    await drained(next);
    assert.equal((await ask(next, { twin: "t" })).length, 10);
  }).timeout(20_000);

  describe("when it is full", () => {
    const spoolBytes = 1024 * 1024;
    const large = (from: number): Sample[] =>
      samplesOf(100, "t", t0 + from).map((sample) => ({ ...sample, values: { s: "x".repeat(1000) } }));
    const onDisk = (): number =>
      readdirSync(histories.folder()).reduce(
        (sum, name) => sum + statSync(path.join(histories.folder(), name)).size,
        0,
      );

    it("lets samples wait (block), refuses what may not wait any more, and loses none", async () => {
      const history = open({ spoolBytes, batchSize: 100 });
      await influxd().kill();
      const writes: Promise<{ written: number }>[] = [];
      for (let i = 0; i < 20; i++) writes.push(history.write(large(100 * i)));
      await until(history, ({ spooled }) => spooled >= 800);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { waiting, spooled, spoolBytes: bytes } = history.describe();
      assert.equal(waiting + spooled, 2000);
      assert.ok(waiting >= 900 && bytes <= spoolBytes && onDisk() < spoolBytes + 10_000);
      await assert.rejects(history.write(samplesOf(99_500)), {
        name: "Refusal",
        code: "busy",
        message: /in the spool/,
      });
      await influxd().start();
      const results = await Promise.all(writes);
      await drained(history);
      assert.equal(
        results.reduce((sum, { written }) => sum + written, 0),
        2000,
      );
      assert.equal((await ask(history)).length, 2000);
      assert.equal(history.describe().dropped, 0);
    }).timeout(20_000);

    it("gives up the oldest (drop-oldest), counts them, and says so once", async () => {
      const history = open({ spoolBytes, batchSize: 100, overflow: "drop-oldest" });
      await influxd().kill();
      let most = 0;
      for (let i = 0; i < 50; i++) {
        assert.equal((await history.write(large(100 * i))).written, 100);
        most = Math.max(most, onDisk());
      }
      assert.ok(most < spoolBytes + 10_000, `${most} bytes`);
      const { spooled, dropped } = history.describe();
      assert.equal(spooled + dropped, 5000);
      assert.ok(spooled >= 700, `${spooled} are kept`);
      assert.equal(state.warnings.filter((text) => /dropped/.test(text)).length, 1);
      await influxd().start();
      await drained(history);
      assert.deepEqual(
        (await ask(history)).map(({ time }) => time),
        Array.from({ length: spooled }, (_, i) => t0 + dropped + i),
        "the newest are there",
      );
    }).timeout(20_000);

    it("refuses a sample that it can never hold", async () => {
      const history = open({ spoolBytes });
      await influxd().kill();
      const values = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`s${i}`, "x".repeat(60_000)]));
      const { written, refused } = await history.write([...samplesOf(1), { id: "t", ts: t0 + 9, values }]);
      assert.deepEqual([written, refused.map(({ index, error }) => [index, error.code])], [1, [[1, "too-large"]]]);
    }).timeout(20_000);
  });

  it("takes no more memory in a long outage", async () => {
    const history = open({ batchSize: 1000 });
    await influxd().kill();
    await history.write(samplesOf(1000));
    const used = (): number => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    // As many samples as 10 minutes bring at 500/s.
    for (let i = 0; i < 300; i++) await history.write(samplesOf(1000, `t${i % 100}`, t0 + 1000 * i));
    const grown = (used() - before) / 1e6;
    assert.equal(history.describe().spooled, 301_000);
    assert.ok(grown < 25, `${grown} MB`);
    await influxd().start();
    const worst = await worstDelay(() => drained(history));
    assert.ok(worst < 500, `blocked for ${worst} ms`);
  }).timeout(30_000);

  it("acknowledges nothing while neither the server nor the disk takes it, and recovers by itself", async () => {
    const history = open();
    await history.write(samplesOf(1, "before"));
    await influxd().kill();
    // Root may write anywhere: a file where the folder belongs stands in for a disk that refuses.
    await histories.closeAll();
    rmSync(histories.folder(), { recursive: true });
    writeFileSync(path.join(state.spools, "blocker"), "");
    const blocked = open({ spools: path.join(state.spools, "blocker") });
    const failure = { code: "store-failed", retryable: true };
    await assert.rejects(blocked.write(samplesOf(5)), failure);
    await assert.rejects(blocked.write(samplesOf(5)), failure);
    assert.equal(blocked.describe().spooled, 0);
    rmSync(path.join(state.spools, "blocker"));
    assert.equal((await blocked.write(samplesOf(5))).spooled, 5);
    await influxd().start();
    await drained(blocked);
    assert.equal((await ask(blocked, { twin: "t" })).length, 5);
  }).timeout(20_000);
});
