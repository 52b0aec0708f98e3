import { strict as assert } from "node:assert";
import { EventEmitter } from "node:events";
import { onceFlowsStarted } from "../../nodes/lib/flows-started";

describe("onceFlowsStarted", () => {
  it("calls each node once, and none that has closed, with one listener for all of them", () => {
    const events = new EventEmitter();
    const called: number[] = [];
    const takeBack = Array.from({ length: 20 }, (_, k) => onceFlowsStarted(events, () => called.push(k)));
    takeBack[3]?.();
    assert.equal(events.listenerCount("flows:started"), 1);
    events.emit("flows:started");
    events.emit("flows:started");
    assert.deepEqual(
      called,
      [...Array(20).keys()].filter((k) => k !== 3),
    );
  });

  it("lets a node that begins wait for the next start", () => {
    const events = new EventEmitter();
    const called: string[] = [];
    onceFlowsStarted(events, () => {
      called.push("first");
      onceFlowsStarted(events, () => called.push("second"));
    });
    events.emit("flows:started");
    assert.deepEqual(called, ["first"]);
    events.emit("flows:started");
    assert.deepEqual(called, ["first", "second"]);
  });
});
