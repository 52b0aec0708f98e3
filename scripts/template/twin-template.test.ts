import { strict as assert } from "node:assert";
import { useRuntime } from "../../test/support/runtime";

describe("twin-template", () => {
  const runtime = useRuntime();
  const load = (settings: Record<string, unknown> = {}) =>
    runtime.load(
      ["twin-template"],
      [
        { id: "node", type: "twin-template", wires: [["out"], ["refused"]], ...settings },
        { id: "out", type: "helper" },
        { id: "refused", type: "helper" },
      ],
    );

  it("lets through what is within the limit, as it came", async () => {
    const flow = await load();
    flow.send("node", { topic: "press-6", payload: { value: 42 }, more: "kept" });
    const msg = await flow.next("out");
    assert.deepEqual([msg.payload, msg.more], [{ value: 42 }, "kept"]);
  });

  it("refuses what is beyond it, saying what and how to mend it", async () => {
    const flow = await load({ property: "force", limit: "10" });
    flow.send("node", { topic: "press-6", payload: { force: 11 } });
    const { error } = await flow.next("refused");
    const { code, message, hint } = error as Record<string, unknown>;
    assert.deepEqual([code, message, hint], ["out-of-range", "force is 11.", "Send 10 or less."]);
  });

  it("says which setting is wrong and stays loaded", async () => {
    const flow = await load({ limit: "much" });
    flow.send("node", { topic: "press-6", payload: {} });
    while (flow.errors().length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.match(String(flow.errors()[0]?.error), /limit is "much"/);
  });
});
