import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { mock } from "node:test";
import { createJournal } from "../../nodes/twin-store/journal";

describe("the journal at level power", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-journal-"));
  after(() => {
    mock.restoreAll();
    mock.timers.reset();
    rmSync(folder, { recursive: true, force: true });
  });

  it("lets go of what is done some seconds later, also when our clock is set back by an hour", () => {
    mock.timers.enable({ apis: ["setInterval"] });
    const begun = { date: Date.now(), run: performance.now() };
    const journal = createJournal(folder, "power", assert.fail);
    journal.release(journal.append("source", "a"));
    mock.method(Date, "now", () => begun.date - 3_600_000);
    let passedMs = 4000;
    // Once only: of a method that is mocked twice, restoreAll leaves the first mock in place.
    mock.method(performance, "now", () => begun.run + passedMs);
    mock.timers.tick(500);
    assert.equal(journal.size.records, 1);
    passedMs = 6000;
    mock.timers.tick(500);
    assert.equal(journal.size.records, 0);
    journal.close();
    mock.restoreAll();
    assert.ok(performance.now() < begun.run + 4000, "the clock is the real one again");
  });
});
