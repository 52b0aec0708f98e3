import assert from "node:assert/strict";
import { type Refusal, refuse } from "../../engine/contract/errors";
import { jobQueue } from "../../nodes/lib/job-queue";

const full = () => refuse("busy", "full", "wait");
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("job queue", () => {
  it("runs one after another, whatever becomes of each", async () => {
    const queue = jobQueue(5, full);
    const order: string[] = [];
    const job = (name: string, fails = false) =>
      queue.run(async () => {
        order.push(`${name} begins`);
        await turn();
        order.push(`${name} ends`);
        if (fails) throw new Error(name);
      });
    const all = await Promise.allSettled([job("a"), job("b", true), job("c")]);
    assert.deepEqual(
      all.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.deepEqual(order, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
    assert.equal(queue.busy, false);
  });

  it("short work keeps its place among the jobs, and is not cancelled with them", async () => {
    const queue = jobQueue(5, full);
    const order: string[] = [];
    const job = (name: string) =>
      queue.run(async (signal) => {
        await turn();
        signal.throwIfAborted();
        order.push(name);
      });
    const settled = Promise.allSettled([
      job("a"),
      queue.inTurn(() => order.push("1")),
      queue.inTurn(() => order.push("2")),
      job("b"),
      queue.inTurn(() => order.push("3")),
    ]);
    assert.ok(queue.busy);
    await turn();
    await settled;
    assert.deepEqual(order, ["a", "1", "2", "b", "3"]);
    const cancelled = [job("c"), queue.inTurn(() => order.push("4")), job("d")];
    assert.equal(queue.cancelAll(new Error("stop")), 2);
    const ends = await Promise.allSettled(cancelled);
    assert.deepEqual(
      ends.map(({ status }) => status),
      ["rejected", "fulfilled", "rejected"],
    );
    assert.equal(order.at(-1), "4");
    assert.equal(queue.busy, false);
  });

  it("refuses what there is no room for", async () => {
    const queue = jobQueue(1, full);
    const jobs = [queue.run(turn), queue.run(turn)];
    await assert.rejects(queue.run(turn), (error: Refusal) => error.code === "busy");
    await Promise.all(jobs);
    await queue.run(turn);
  });
});
