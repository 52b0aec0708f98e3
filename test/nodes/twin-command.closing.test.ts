import { strict as assert } from "node:assert";
import { EventEmitter } from "node:events";
import type { CommandRecord } from "../../engine/command/command-record";
import type { Host } from "../../nodes/lib/define-node";
import type { Message } from "../../nodes/lib/node-red";
import { openCommands } from "../../nodes/twin-command/open-commands";
import type { CommandLog } from "../../nodes/twin-store/store";

const record: CommandRecord = {
  id: "c-1",
  twin: "a",
  kind: "action",
  name: "home",
  args: null,
  node: "command",
  at: 1,
  expires: Number.MAX_SAFE_INTEGER,
  state: "open",
  attempts: 1,
  sentAt: 1,
};

/** A node's instance: the real one has no moment in which a test could answer while it closes. */
function instance() {
  const node = new EventEmitter();
  const disposers: (() => unknown)[] = [];
  const answered: Message[] = [];
  const written: CommandRecord[] = [];
  const host = {
    home: "h",
    id: "closing",
    node,
    onClose: (one: () => unknown) => disposers.push(one),
    fail: assert.fail,
  };
  const log = { put: async (one: CommandRecord) => void written.push(one) };
  const open = openCommands(
    host as unknown as Host,
    log as unknown as CommandLog,
    async () => undefined,
    async (msg) => void answered.push(msg),
  );
  return {
    open,
    answered,
    written,
    close: async () => {
      for (const dispose of disposers) await dispose();
    },
    node,
  };
}

describe("a twin-command that a deploy is taking away", () => {
  it("writes an answer down and leaves telling it to the node that comes after", async () => {
    const before = instance();
    before.open.set(record);
    before.open.wait(record.id, { topic: "a", mark: "whole" });
    before.node.emit("close", false, () => undefined);
    await before.open.end(record.id, { state: "acknowledged", code: 200, text: "homed" });
    assert.equal(before.written[0]?.state, "acknowledged");
    assert.deepEqual(before.answered, [], "the nodes after it may be gone");
    await before.close();

    const after = instance();
    await after.open.catchUp();
    await after.open.catchUp();
    assert.deepEqual(after.answered, [{ topic: "a", mark: "whole" }]);
    after.node.emit("close", false, () => undefined);
    await after.close();
  });

  it("answers at once where it stays", async () => {
    const one = instance();
    one.open.set(record);
    await one.open.end(record.id, { state: "acknowledged", code: 200, text: "homed" });
    await one.open.end(record.id, { state: "acknowledged", code: 200, text: "again" });
    assert.equal(one.answered.length, 1);
    one.node.emit("close", false, () => undefined);
    await one.close();
  });
});
