import { strict as assert } from "node:assert";
import { inSlices } from "../../nodes/lib/in-slices";

const none = new AbortController().signal;

describe("work in slices", () => {
  /** Takes as long as a slice. */
  const slice = (): void => {
    for (const end = performance.now() + 4; performance.now() < end; );
  };

  it("lets a message cross eight wires between two slices, and before the first", async () => {
    const seen: string[] = [];
    const send = (hops: number): void => {
      if (hops === 0) seen.push("arrived");
      else setImmediate(() => send(hops - 1));
    };
    let left = 3;
    send(8);
    await inSlices(
      () => {
        seen.push("slice");
        slice();
        send(8);
        return --left === 0;
      },
      none,
      () => seen.push("between"),
    );
    assert.deepEqual(seen, ["arrived", "slice", "between", "arrived", "slice", "between", "arrived", "slice"]);
  });
  it("does as many steps at a time as fit", async () => {
    let [steps, rests] = [0, 0];
    await inSlices(
      () => ++steps === 50,
      none,
      () => rests++,
    );
    assert.equal(steps, 50);
    assert.ok(rests < 49, `${rests} rests`);
  });
  it("ends when it is told to, and with what a step throws", async () => {
    const cancel = new AbortController();
    let steps = 0;
    const work = inSlices(() => {
      slice();
      steps++;
      cancel.abort(new Error("enough"));
      return false;
    }, cancel.signal);
    await assert.rejects(work, /enough/);
    assert.equal(steps, 1);
    await assert.rejects(
      inSlices(() => {
        throw new Error("broken");
      }, none),
      /broken/,
    );
  });
});
