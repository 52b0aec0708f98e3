import { strict as assert } from "node:assert";
import fs, { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createSessions } from "../../security/sessions";
import { type Account, stampOf } from "../../security/users-file";

type Store = { set(id: string, data: object, done: () => void): void };

describe("the sessions' file", () => {
  it("is written once when many sessions end at one time, and not once for each", () => {
    const home = mkdtempSync(path.join(tmpdir(), "meditwin sessions "));
    let account: Account | undefined = { name: "anna", role: "operator", password: "hash", changed: "" };
    const file = path.join(home, "sessions.json");
    const sessions = createSessions({ file, account: () => account, now: () => 0, complain: assert.fail });
    const stamp = stampOf(account);
    for (let k = 0; k < 20; k++)
      (sessions.store as Store).set(`s${k}`, { name: "anna", stamp, startedMs: 0 }, () => undefined);
    const ended: string[] = [];
    sessions.onEnd((key) => ended.push(key));
    account = undefined;
    let writes = 0;
    const { renameSync } = fs;
    fs.renameSync = (...args) => {
      writes++;
      renameSync(...args);
    };
    try {
      sessions.sweep();
    } finally {
      fs.renameSync = renameSync;
    }
    assert.deepEqual([ended.length, writes], [20, 1]);
    assert.equal(fs.readFileSync(file, "utf8"), "[]");
    rmSync(home, { recursive: true });
  });
});
