import { strict as assert } from "node:assert";
import { type Delivery, deliveryOf } from "../../nodes/lib/delivery";
import type { NodeRed } from "../../nodes/lib/node-red";
import { type FlowNode, type LoadedFlow, useRuntime } from "../support/runtime";

/** What became of a token, and whether the message had reached the end by then. */
interface Outcome {
  error?: Error;
  arrived: number;
}

describe("delivery: a message is settled when every branch is done with it", () => {
  const runtime = useRuntime();
  let red: NodeRed;
  let delivery: Delivery;
  let next = 1;

  const core = (folder: string, ...names: string[]): string[] => names.map((name) => `core/${folder}/${name}`);
  const types = [
    (one: NodeRed) => {
      red = one;
      one.nodes.registerType("legacy", function (this, def) {
        one.nodes.createNode(this, def);
        // Two arguments fewer than today's: sends after it has returned.
        this.on("input", (msg) => void setTimeout(() => this.send(msg), 60));
      });
    },
    ...core("function", "10-function", "10-switch", "15-change", "89-delay", "89-trigger"),
    ...core("common", "60-link", "25-catch", "24-complete"),
    ...core("sequence", "17-split", "19-batch"),
  ];

  async function start(nodes: FlowNode[]): Promise<LoadedFlow> {
    const flow = await runtime.load(types, [
      { id: "source", type: "helper", wires: [[nodes[0]?.id]] },
      ...nodes,
      { id: "end", type: "helper" },
    ]);
    delivery = deliveryOf(red);
    return flow;
  }

  function send(flow: LoadedFlow, payload: unknown): Promise<Outcome> {
    const token = next++;
    return new Promise((resolve, reject) => {
      delivery.open(
        token,
        (error) => resolve({ ...(error ? { error } : {}), arrived: flow.waiting("end").length }),
        () => reject(new Error("asked to send again")),
      );
      (flow.node("source") as unknown as { send(msg: unknown): void }).send({ payload, _twinTokens: [token] });
      delivery.sent(token);
    });
  }

  const fn = (id: string, func: string, wires: string[][] = [["end"]], more = {}): FlowNode => ({
    id,
    type: "function",
    func,
    outputs: wires.length,
    timeout: 0,
    noerr: 0,
    initialize: "",
    finalize: "",
    libs: [],
    wires,
    ...more,
  });

  const arriving: [string, FlowNode[], unknown, number][] = [
    [
      "a change node",
      [{ id: "a", type: "change", rules: [{ t: "set", p: "x", pt: "msg", to: "1", tot: "num" }], wires: [["end"]] }],
      1,
      1,
    ],
    [
      "the switch, which has no done",
      [
        {
          id: "a",
          type: "switch",
          property: "payload",
          propertyType: "msg",
          rules: [{ t: "else" }],
          checkall: "true",
          outputs: 1,
          wires: [["end"]],
        },
      ],
      1,
      1,
    ],
    ["an asynchronous function", [fn("a", "setTimeout(() => { node.send(msg); node.done(); }, 80);", [["end"]])], 1, 1],
    ["a function that sends after it returned", [fn("a", "setTimeout(() => node.send(msg), 80);")], 1, 1],
    [
      "a delay",
      [{ id: "a", type: "delay", pauseType: "delay", timeout: "80", timeoutUnits: "milliseconds", wires: [["end"]] }],
      1,
      1,
    ],
    ["a legacy node that sends late", [{ id: "a", type: "legacy", wires: [["end"]] }], 1, 1],
    [
      "a fan-out to three branches",
      [
        fn("a", "return msg;", [["b", "c", "end"]]),
        { id: "b", type: "delay", pauseType: "delay", timeout: "120", timeoutUnits: "milliseconds", wires: [["end"]] },
        { id: "c", type: "change", rules: [], wires: [["end"]] },
      ],
      1,
      3,
    ],
    [
      "link nodes",
      [
        { id: "a", type: "link out", mode: "link", links: ["b"], wires: [] },
        { id: "b", type: "link in", links: ["a"], wires: [["c"]] },
        { id: "c", type: "delay", pauseType: "delay", timeout: "80", timeoutUnits: "milliseconds", wires: [["end"]] },
      ],
      1,
      1,
    ],
    [
      "a split",
      [{ id: "a", type: "split", splt: "\\n", spltType: "str", arraySplt: 1, arraySpltType: "len", wires: [["end"]] }],
      [1, 2, 3],
      3,
    ],
    [
      "the same object sent twice",
      [
        fn("a", "node.send(msg); node.send(msg); return null;", [["b"]]),
        { id: "b", type: "change", rules: [], wires: [["end"]] },
      ],
      1,
      2,
    ],
    ["a function that deletes the token of what it sends on", [fn("a", "delete msg._twinTokens; return msg;")], 1, 0],
  ];
  for (const [what, nodes, payload, arrived] of arriving) {
    it(`waits for ${what}`, async () => {
      const flow = await start(nodes);
      const outcome = await send(flow, payload);
      assert.equal(outcome.error, undefined);
      if (arrived > 0) assert.equal(outcome.arrived, arrived);
      assert.equal(delivery.underWay, 0);
    });
  }

  it("waits for a switch that a burst has filled: it takes one message a turn, whatever its handler says", async function () {
    this.timeout(20_000);
    const flow = await start([
      {
        id: "a",
        type: "switch",
        property: "payload",
        propertyType: "msg",
        rules: [{ t: "else" }],
        checkall: "true",
        outputs: 1,
        wires: [["end"]],
      },
    ]);
    const burst = 5000;
    const first = next;
    next += burst;
    let early = 0;
    let settled = 0;
    for (let n = 0; n < burst; n++) {
      const token = first + n;
      const arrived = (): boolean => flow.waiting("end").length > n;
      delivery.open(
        token,
        () => {
          settled++;
          if (!arrived()) early++;
        },
        () => undefined,
      );
      (flow.node("source") as unknown as { send(msg: unknown): void }).send({ payload: n, _twinTokens: [token] });
      delivery.sent(token);
    }
    while (settled < burst) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(early, 0);
  });

  it("settles a message that goes nowhere at once", async () => {
    const flow = await runtime.load(types, [
      { id: "source", type: "helper" },
      { id: "end", type: "helper" },
    ]);
    delivery = deliveryOf(red);
    assert.deepEqual(await send(flow, 1), { arrived: 0 });
  });

  it("tells the error of a branch that ended in one", async () => {
    const flow = await start([fn("a", "throw new Error('the sensor is on fire');")]);
    assert.match(String((await send(flow, 1)).error), /on fire/);
  });

  it("tells the error also when a Catch node saw it", async () => {
    const flow = await start([
      fn("a", "throw new Error('on fire');"),
      { id: "catch", type: "catch", scope: null, uncaught: false, wires: [["end"]] },
    ]);
    assert.match(String((await send(flow, 1)).error), /on fire/);
  });

  it("ends at a function that returns a new object: what follows is not tracked", async () => {
    const flow = await start([
      fn("a", "return { payload: 2 };", [["b"]]),
      { id: "b", type: "delay", pauseType: "delay", timeout: "600", timeoutUnits: "milliseconds", wires: [["end"]] },
    ]);
    assert.equal((await send(flow, 1)).arrived, 0);
  });

  it("counts nothing for messages without a token", async () => {
    const flow = await start([{ id: "a", type: "change", rules: [], wires: [["end"]] }]);
    (flow.node("source") as unknown as { send(msg: unknown): void }).send({ payload: 1 });
    await flow.next("end");
    assert.equal(delivery.underWay, 0);
  });

  it("asks to send again what a deploy found on its way", async () => {
    const flow = await start([
      { id: "a", type: "delay", pauseType: "delay", timeout: "10", timeoutUnits: "seconds", wires: [["end"]] },
    ]);
    const lost = send(flow, 1);
    lost.catch(() => undefined);
    await runtime.unload();
    await start([{ id: "a", type: "change", rules: [], wires: [["end"]] }]);
    await assert.rejects(lost, /asked to send again/);
  });

  it("would settle too early if it did not wait for late senders (the broken variant)", async () => {
    const flow = await start([{ id: "a", type: "legacy", wires: [["end"]] }]);
    const token = next++;
    let atReturn = -1;
    delivery.open(
      token,
      () => undefined,
      () => undefined,
    );
    const done = new Promise<void>((resolve) => {
      red.events.once("seen", resolve);
      flow.node("a").on("input", () => {
        atReturn = flow.waiting("end").length;
        red.events.emit("seen");
      });
    });
    (flow.node("source") as unknown as { send(msg: unknown): void }).send({ payload: 1, _twinTokens: [token] });
    delivery.sent(token);
    await done;
    assert.equal(atReturn, 0, "at the return of its handler nothing had arrived: zero alone is too early");
  });
});
