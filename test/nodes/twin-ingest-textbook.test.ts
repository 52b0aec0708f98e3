import assert from "node:assert/strict";
import path from "node:path";
import { projectRoot } from "../flows/project";
import { until, useStarts } from "../start/server";

/** A message that a debug node showed: id of the node and what it shows. */
interface Shown {
  id: string;
  value: unknown;
}

interface Event {
  topic: string;
  data: { id: string; msg: string; format: string; fill: string };
}

/** Reads the debug sidebar's channel, as the editor does. */
class Sidebar {
  readonly shown: Shown[] = [];
  /** Colour of each node's badge. */
  readonly badges = new Map<string, string>();
  private readonly socket: WebSocket;
  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const events = JSON.parse(String(data)) as Event[] | Event;
      for (const { topic, data: shown } of Array.isArray(events) ? events : [events]) {
        if (topic === "debug") this.shown.push({ id: shown.id, value: shownValue(shown) });
        if (topic?.startsWith("status/")) this.badges.set(topic.slice(7), shown.fill);
      }
    });
  }
  static async open(url: string): Promise<Sidebar> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/comms`);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve, { once: true });
      socket.addEventListener("error", reject, { once: true });
    });
    for (const topic of ["debug", "status/#"]) socket.send(JSON.stringify({ subscribe: topic }));
    return new Sidebar(socket);
  }
  /** The next thing that a debug node shows. */
  async next(id: string, timeoutMs = 15_000): Promise<unknown> {
    for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
      const index = this.shown.findIndex((one) => one.id === `textbook-${id}`);
      if (index >= 0) return this.shown.splice(index, 1)[0]?.value;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`the debug node ${id} showed nothing; others: ${JSON.stringify(this.shown).slice(0, 2000)}`);
  }
  close(): void {
    this.socket.close();
  }
}

/** Objects and arrays travel as JSON text, with `__enc__` around what JSON cannot say or what was cut. */
function shownValue({ msg, format }: { msg: string; format: string }): unknown {
  return /^(Object|array)/.test(format) ? unwrap(JSON.parse(msg)) : msg;
}

function unwrap(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unwrap);
  const object = value as Record<string, unknown>;
  if (object.__enc__ === true) return unwrap(object.data);
  return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, unwrap(inner)]));
}

describe("the textbook walk-through of the examples", () => {
  const starts = useStarts();
  let sidebar: Sidebar;
  afterEach(() => sidebar?.close());

  it("does every step as it says, from an empty home", async function () {
    this.timeout(120_000);
    const server = await starts.start({ TWIN_FLOWS: path.join(projectRoot, "examples/textbook-walkthrough.json") });
    await server.serving();
    sidebar = await Sidebar.open(server.url);
    const press = async (id: string): Promise<void> => {
      const answer = await fetch(`${server.url}/inject/textbook-${id}`, { method: "POST" });
      assert.equal(answer.status, 200, `inject ${id}`);
    };
    interface Cleaned {
      topic: string;
      payload: unknown;
      twin: { id: string; ts: number; raw?: unknown };
      report: { changed: number };
    }

    // A stock node throws away what it is to publish before it is connected.
    for (const id of ["textbook-mqtt-out", "textbook-mqtt"])
      await until(`${id} is connected`, () => sidebar.badges.get(id) === "green", 20_000);
    await press("publish");
    const published = (await sidebar.next("cleaned")) as Cleaned;
    assert.deepEqual([published.topic, published.payload], ["sensor", { temperature: 25, humidity: 45 }]);
    assert.ok(Math.abs(published.twin.ts - Date.now()) < 60_000, "true at arrival");

    await press("publish-blank");
    const filled = (await sidebar.next("cleaned")) as Cleaned;
    assert.deepEqual(filled.payload, { temperature: 20, humidity: 46 });
    assert.deepEqual(filled.twin.raw, { temperature: null, humidity: 45.6 });

    await press("post");
    assert.deepEqual(await sidebar.next("answer"), { accepted: 1, refused: 0 });
    const posted = (await sidebar.next("cleaned")) as Cleaned;
    assert.deepEqual([posted.topic, posted.payload], ["sensor_data", { temperature: 25, humidity: 45 }]);
    for (let sample = 0; sample < 3; sample++) await sidebar.next("written");

    await press("ask");
    const means = (await sidebar.next("means")) as { id: string; temperature: number; humidity: number }[];
    assert.deepEqual(means.map(({ id, temperature, humidity }) => [id, temperature, humidity]).sort(), [
      ["sensor", 22.5, 45.5],
      ["sensor_data", 25, 45],
    ]);

    await press("three");
    for (const _node of ["linear", "forest"]) {
      const { code, message, hint } = (await sidebar.next("refused-rows")) as Record<string, string>;
      assert.equal(code, "too-few-rows");
      assert.match(`${message} ${hint}`, /2 rows to learn from.*Collect more rows/);
    }

    await press("forty");
    interface Report {
      algorithm: string;
      rows: unknown;
      metrics: { mse: number; r2: number; accuracy: number; confusion: number[][] };
      baseline: { mse: number; accuracy: number };
    }
    const reports = [await sidebar.next("report", 60_000), await sidebar.next("report", 60_000)] as Report[];
    const linear = reports.find(({ algorithm }) => algorithm === "linear");
    const forest = reports.find(({ algorithm }) => algorithm === "forest-classifier");
    assert.deepEqual(
      [linear?.rows, forest?.rows],
      Array.from({ length: 2 }, () => ({ train: 32, test: 8, dropped: 0 })),
    );
    assert.ok(
      linear && linear.metrics.mse < linear.baseline.mse / 10 && linear.metrics.r2 > 0.9,
      JSON.stringify(linear),
    );
    assert.ok(forest && forest.metrics.accuracy > forest.baseline.accuracy, JSON.stringify(forest));
    assert.equal(
      forest?.metrics.confusion.flat().reduce((sum, count) => sum + count, 0),
      8,
    );

    await press("new");
    const comfort = (await sidebar.next("scored")) as { value: number };
    assert.ok(Math.abs(comfort.value - (120 - 1.5 * 30 - 0.4 * 60 + 1)) < 1, JSON.stringify(comfort));
    const verdict = (await sidebar.next("judged")) as { value: string };
    assert.equal(verdict.value, "poor");
    assert.deepEqual(
      sidebar.shown.filter(({ id }) => /refused|dropped|not-scored|no-means/.test(id)),
      [],
    );
  });
});
