import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stateFile } from "../../nodes/twin-clean/state-file";

describe("the file of what a twin-clean remembers", () => {
  let folder = "";
  let warnings: string[] = [];
  const file = (name = "node") => stateFile(folder, name, (text) => warnings.push(text));
  const nothing = new Map<string, Buffer>();
  beforeEach(() => {
    folder = path.join(mkdtempSync(path.join(tmpdir(), "meditwin-")), "clean");
    warnings = [];
  });
  afterEach(() => rmSync(path.dirname(folder), { recursive: true, force: true }));

  it("gives each value once, and tells whether its owner had ended", async () => {
    const first = file();
    assert.equal(first.read().take("a"), undefined);
    await first.write(["a", "ü"], (name) => ({ name, numbers: new Float64Array([1, Number.NaN]) }), nothing);
    const killed = file().read();
    assert.equal(killed.isLast, false);
    assert.deepEqual(killed.take("ü"), { name: "ü", numbers: new Float64Array([1, Number.NaN]) });
    assert.equal(killed.take("ü"), undefined);
    first.seal();
    assert.equal(file().read().isLast, true);
    assert.equal(file().read().isLast, false, "its new owner has not ended yet");
    assert.deepEqual(warnings, []);
  });

  it("carries over what nobody took", async () => {
    await file().write(["a", "b"], (name) => name, nothing);
    const saved = file().read();
    saved.take("a");
    await file().write(["c"], (name) => name, saved.left);
    assert.deepEqual([...file().read().left.keys()].sort(), ["b", "c"]);
  });

  it("holds 32 MiB at most: the first ones", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `t${i}`);
    const bytes = await file().write(names, () => Buffer.alloc(2 ** 20), nothing);
    assert.ok(bytes <= 32 * 2 ** 20 && bytes > 30 * 2 ** 20, `${bytes} bytes`);
    assert.equal(statSync(path.join(folder, "node.open")).size, bytes);
    assert.deepEqual([...file().read().left.keys()], names.slice(0, 31));
  });

  it("lets other work go on while it writes", async () => {
    const names = Array.from({ length: 400 }, (_, i) => `t${i}`);
    let turns = 0;
    const count = (): void => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await file().write(names, () => Float64Array.from({ length: 8000 }, Math.random), nothing);
    clearImmediate(timer);
    assert.ok(turns > 3, `${turns} turns`);
  });

  it("cut off in the middle: what is whole stays, and it is said", async () => {
    await file().write(["a", "b"], (name) => name, nothing);
    truncateSync(path.join(folder, "node.open"), statSync(path.join(folder, "node.open")).size - 1);
    assert.deepEqual([...file().read().left.keys()], ["a"]);
    assert.match(warnings[0]!, /bytes of .*node\.open are damaged\. What they remembered begins anew\./);
  });

  it("a name that is left out meanwhile, and a folder that cannot be made", async () => {
    await file().write(["a", "gone"], (name) => (name === "a" ? 1 : undefined), nothing);
    assert.deepEqual([...file().read().left.keys()], ["a"]);
    const blocked = stateFile(path.join(folder, "node.open", "below"), "node", () => undefined);
    assert.equal(blocked.read().take("a"), undefined);
    await assert.rejects(blocked.write(["a"], () => 1, nothing));
  });

  it("is gone when it is removed", async () => {
    await file().write(["a"], () => 1, nothing);
    file().remove();
    assert.deepEqual(readdirSync(folder), []);
  });
});
