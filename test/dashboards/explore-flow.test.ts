import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { runInNewContext } from "node:vm";
import { projectRoot } from "../flows/project";

type Msg = Record<string, unknown>;
const nodes = JSON.parse(readFileSync(path.join(projectRoot, "dashboards/54-explore.json"), "utf8")) as {
  id: string;
  func: string;
}[];

/** Runs a function node of the page, as it is shipped, with a flow context of its own. */
function run(id: string, msg: Msg, flow = new Map<string, unknown>()): Promise<unknown> {
  const source = nodes.find((node) => node.id === id)?.func ?? "";
  const context = {
    msg,
    setTimeout,
    flow: { get: (key: string) => flow.get(key), set: (key: string, value: unknown) => flow.set(key, value) },
  };
  return runInNewContext(`(async () => {${source}\n})()`, context) as Promise<unknown>;
}

describe("a file of the Explore page", () => {
  const cells: [unknown, string][] = [
    ["=1+1", "'=1+1"],
    ["+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"],
    ["-2+3", "'-2+3"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\t=1"],
    ["\r=1", "'\r=1"],
    ["-5", "-5"],
    ["+1.5e3", "+1.5e3"],
    ["-.5", "-.5"],
    ["-", "'-"],
    ["-Infinity", "'-Infinity"],
    ["a=1", "a=1"],
    [" =1", " =1"],
    [-5, "-5"],
    [0, "0"],
    [Number.NaN, ""],
    [Number.NEGATIVE_INFINITY, ""],
    [null, ""],
    [undefined, ""],
    [false, "false"],
  ];
  for (const [cell, expected] of cells)
    it(`holds ${JSON.stringify(cell) ?? String(cell)} as ${JSON.stringify(expected)}`, async () => {
      const msg = { header: ["x"], payload: [{ x: cell }] };
      assert.equal(
        JSON.stringify(((await run("explore-page-cells", msg)) as Msg).payload),
        JSON.stringify([["x"], [expected]]),
      );
    });
  it("holds names as safely as cells, times as ISO, and a long table whole", async () => {
    const payload = Array.from({ length: 12_001 }, (_, i) => ({ time: i, "=x": i }));
    const { payload: lines } = (await run("explore-page-cells", { header: ["time", "=x"], payload })) as {
      payload: string[][];
    };
    assert.equal(lines.length, 12_002);
    assert.equal(
      JSON.stringify([lines[0], lines[12_001]]),
      JSON.stringify([
        ["time", "'=x"],
        ["1970-01-01T00:00:12.000Z", "12000"],
      ]),
    );
  });
});

describe("a question of the Explore page", () => {
  const known = new Map<string, unknown>([["twins", { "press-6": true, "press-7": true }]]);
  const show = { what: "show", twins: ["press-6"], columns: ["x"], start: 1, end: 2, plot: "pair", asked: 1 };
  const ask = async (payload: unknown, flow = new Map(known), topic = "look"): Promise<Msg[]> =>
    JSON.parse(
      JSON.stringify(await run("explore-page-ask", { topic, payload, _msgid: "m", _client: { socketId: "s" } }, flow)),
    ) as Msg[];

  it("goes nowhere under another topic, or when it is for nothing there is", async () => {
    assert.equal(await ask(show, new Map(known), "train"), null);
    for (const what of ["delete", "__proto__", undefined]) assert.equal(await ask({ ...show, what }), null);
  });
  it("is of twins and columns that there are, and of a few", async () => {
    const many = Array.from({ length: 50 }, (_, i) => `c${i}`);
    const [msg] = await ask({ ...show, twins: ["press-7", "nobody", 5, "*"], columns: [...many, { evil: 1 }] });
    const { twins, columns, queries } = (msg as Msg).ask as { twins: string[]; columns: string[]; queries: Msg[] };
    assert.deepEqual([twins, columns.length, queries.length], [["press-7"], 12, 1]);
    assert.equal(queries[0]?.twin, "press-7");
  });
  it("names what is missing or wrong, to the page that asked", async () => {
    for (const wrong of [{ columns: [] }, { start: 2, end: 1 }, { start: "now" }, { end: Number.NaN }]) {
      const [go, answer] = await ask({ ...show, ...wrong });
      assert.equal(go, null);
      assert.equal(typeof (answer as Msg & { payload: Msg }).payload.error, "string");
      assert.deepEqual(answer?._client, { socketId: "s" });
    }
  });
  it("waits when four are under way, and not for ever", async () => {
    const flow = new Map<string, unknown>(known);
    for (let i = 0; i < 4; i++) assert.ok((await ask(show, flow))[0]);
    const [go, answer] = await ask(show, flow);
    assert.deepEqual([go, (answer as Msg & { payload: Msg }).payload.busy], [null, true]);
    flow.set(
      "underWay",
      (flow.get("underWay") as { at: number }[]).map((one) => ({ ...one, at: one.at - 60_000 })),
    );
    assert.ok((await ask(show, flow))[0]);
    assert.equal((flow.get("underWay") as unknown[]).length, 1);
  });
});
