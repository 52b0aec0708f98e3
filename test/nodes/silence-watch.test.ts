import { strict as assert } from "node:assert";
import { mock } from "node:test";
import { createSilenceWatch, type SilenceWatch } from "../../nodes/twin-store/silence-watch";

describe("the watch for silent twins", () => {
  let now = 0;
  let silent: string[] = [];
  let watch: SilenceWatch;

  beforeEach(() => {
    mock.timers.enable({ apis: ["setInterval"] });
    now = 0;
    silent = [];
    watch = createSilenceWatch(
      (id) => silent.push(id),
      () => now,
    );
  });
  afterEach(() => {
    watch.close();
    mock.timers.reset();
  });
  /** That many seconds in which the process listens. */
  const listen = (seconds: number): void => {
    for (let k = 0; k < seconds; k++) {
      now += 1000;
      mock.timers.tick(1000);
    }
  };

  it("tells of a twin once, after its time, and anew when it was heard again", () => {
    watch.heard("a", 10_000);
    watch.heard("b", 20_000);
    listen(9);
    assert.deepEqual(silent, []);
    listen(1);
    assert.deepEqual(silent, ["a"]);
    listen(5);
    watch.heard("b", 20_000);
    listen(10);
    assert.deepEqual(silent, ["a"]);
    watch.heard("a", 1000);
    watch.forget("b");
    listen(30);
    assert.deepEqual(silent, ["a", "a"]);
  });

  it("tells of at most 5,000 a second, and of every one of 12,000 that fall silent at once", () => {
    for (let k = 0; k < 12_000; k++) watch.heard(`twin-${k}`, 3000);
    const perSecond: number[] = [];
    for (let k = 0; k < 7; k++) {
      const before = silent.length;
      listen(1);
      perSecond.push(silent.length - before);
    }
    assert.deepEqual(perSecond, [0, 0, 5000, 5000, 2000, 0, 0]);
    assert.equal(new Set(silent).size, 12_000);
  });

  it("does not count time in which the process could not listen: a blocked loop, a machine asleep", () => {
    watch.heard("a", 60_000);
    now += 3_600_000;
    mock.timers.tick(1000);
    assert.deepEqual(silent, []);
    listen(57);
    assert.deepEqual(silent, []);
    listen(1);
    assert.deepEqual(silent, ["a"]);
  });

  it("gives a twin of before the start its full time again, and spreads the ends of 1,000 over half of it more", () => {
    for (let k = 0; k < 1000; k++) watch.restored(`twin-${k}`, 60_000);
    listen(60);
    assert.deepEqual(silent, []);
    let most = 0;
    for (let second = 60; second < 90; second++) {
      const before = silent.length;
      listen(1);
      most = Math.max(most, silent.length - before);
    }
    assert.equal(silent.length, 1000);
    assert.ok(most < 60, `${most} in one second, where 34 is the mean`);
  });
});
