import assert from "node:assert/strict";
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import { readTwinHistorySettings } from "../../nodes/twin-history/twin-history.settings";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

describe("twin-history settings", () => {
  const forever = Number.POSITIVE_INFINITY;
  const embedded = { backend: "embedded", database: "twin", measurement: "twin", keepMs: forever };
  const influx = {
    backend: "influx",
    url: "http://db:8086/",
    database: "twin",
    measurement: "twin",
    retentionPolicy: "",
    batchSize: 1000,
    flushMs: 100,
    spoolMb: 512,
    overflow: "block",
    username: "",
    password: "",
    token: "",
  };
  let before: string | undefined;
  beforeEach(() => {
    before = process.env.INFLUX_URL;
    delete process.env.INFLUX_URL;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.INFLUX_URL;
    else process.env.INFLUX_URL = before;
  });

  for (const [def, settings] of [
    [{}, embedded],
    [{ url: "" }, embedded],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what Node-RED leaves of a variable that is not set
    [{ url: "${INFLUX_URL}" }, embedded],
    [{ url: "http://db:8086" }, influx],
    [{ url: "http://db:8086", backend: "auto" }, influx],
    [{ url: "http://db:8086", backend: "embedded" }, embedded],
    [{ retentionPolicy: "90d" }, { ...embedded, keepMs: 7_776_000_000 }],
    [
      { database: "plant-2", measurement: "press data" },
      { ...embedded, database: "plant-2", measurement: "press data" },
    ],
    [
      {
        url: "https://db/influx",
        retentionPolicy: "year",
        batchSize: "5000",
        flushMs: 0,
        spoolMb: "1",
        overflow: "drop-oldest",
        username: "u",
        password: "p",
        token: "t",
      },
      {
        ...influx,
        url: "https://db/influx",
        retentionPolicy: "year",
        batchSize: 5000,
        flushMs: 0,
        spoolMb: 1,
        overflow: "drop-oldest",
        username: "u",
        password: "p",
        token: "t",
      },
    ],
  ] as [Record<string, unknown>, unknown][])
    it(`${JSON.stringify(def)}`, () => assert.deepEqual(readTwinHistorySettings(def), settings));

  it("without any url takes that of INFLUX_URL; an empty url is embedded", () => {
    process.env.INFLUX_URL = "http://db:8086";
    assert.deepEqual(readTwinHistorySettings({}), influx);
    assert.deepEqual(readTwinHistorySettings({ url: "" }), embedded);
    process.env.INFLUX_URL = "";
    assert.deepEqual(readTwinHistorySettings({}), embedded);
  });

  for (const [def, text] of [
    [{ backend: "sqlite" }, /backend is "sqlite": use one of auto, embedded, influx/],
    [{ backend: "influx" }, /url is "": use InfluxDB's address/],
    [{ url: "db:8086" }, /url is "db:8086"/],
    [{ url: "ftp://db" }, /url/],
    [{ url: "nonsense://user:hush@db" }, /url is "nonsense:\/\/…@db"/],
    [{ database: "../../etc/passwd" }, /database/],
    [{ database: 'a"b', url: "http://db" }, /database/],
    [{ measurement: 'a"b' }, /measurement/],
    [{ measurement: "#a" }, /measurement/],
    [{ retentionPolicy: "year" }, /retentionPolicy is "year": use a time such as 90d/],
    [{ retentionPolicy: "5s" }, /retentionPolicy/],
    [{ url: "http://db", batchSize: 0 }, /batchSize is 0: use 1 or more/],
    [{ url: "http://db", flushMs: "soon" }, /flushMs is "soon"/],
    [{ url: "http://db", spoolMb: 0 }, /spoolMb is 0: use 1 or more/],
    [{ url: "http://db", overflow: "drop" }, /overflow is "drop": use one of block, drop-oldest/],
  ] as [Record<string, unknown>, RegExp][])
    it(`names what is wrong with ${JSON.stringify(def)}`, () => {
      assert.throws(() => readTwinHistorySettings(def), { code: "bad-setting", message: text });
    });
});

describe("twin-history", () => {
  const runtime = useRuntime();
  const flowOf = (history: Record<string, unknown> = {}): FlowNode[] => [
    { id: "history", type: "twin-history", ...history },
    { id: "write", type: "twin-write", history: "history", wires: [["written"], []] },
    { id: "query", type: "twin-query", history: "history", start: 0, end: "2030-01-01", wires: [["rows"], []] },
    { id: "written", type: "helper" },
    { id: "rows", type: "helper" },
  ];
  const load = (history?: Record<string, unknown>): Promise<LoadedFlow> =>
    runtime.load(["twin-write", "twin-query"], flowOf(history));
  const write = async (flow: LoadedFlow, ts: number): Promise<void> => {
    flow.send("write", { topic: "t", payload: { n: ts }, twin: { id: "t", ts } });
    await flow.next("written");
  };
  const rows = async (flow: LoadedFlow): Promise<unknown[]> => {
    flow.send("query", {});
    return (await flow.next("rows")).payload as unknown[];
  };

  it("keeps its files below the home folder, one for each database", async () => {
    await write(await load({ database: "a.b" }), 1);
    assert.ok(existsSync(path.join(runtime.home(), "twin", "history-a.b.db")));
    await runtime.unload();
    await write(await load(), 1);
    assert.ok(existsSync(path.join(runtime.home(), "twin", "history.db")));
  });

  it("stays open over a deploy, and shares one file among nodes", async () => {
    const first = await load({ database: "deploy" });
    await write(first, 1);
    const handles = openFiles("history-deploy.db");
    await runtime.unload();
    assert.equal(openFiles("history-deploy.db"), handles);
    const second = await load({ database: "deploy" });
    await write(second, 2);
    assert.equal(openFiles("history-deploy.db"), handles);
    assert.equal((await rows(second)).length, 2);
  });

  it("takes a new retention with the deploy", async () => {
    const now = Date.now();
    const day = 86_400_000;
    const first = await load({ database: "retention" });
    await write(first, now - 10 * day);
    await write(first, now);
    await runtime.unload();
    const second = await load({ database: "retention", retentionPolicy: "7d" });
    const deadline = Date.now() + 5000;
    while ((await rows(second)).length > 1 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await rows(second)).length, 1);
  });
});

/** How often this process has the file open. 0 where the system does not tell. */
function openFiles(name: string): number {
  if (!existsSync("/proc/self/fd")) return 0;
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).endsWith(`/${name}`);
    } catch {
      return false;
    }
  }).length;
}
