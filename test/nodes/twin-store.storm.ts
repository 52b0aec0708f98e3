import { writeSync } from "node:fs";
import { applyPatch } from "../../engine/twin/document-patch";
import { offlineDocument } from "../../engine/twin/empty-document";
import { mergeSample } from "../../engine/twin/report";
import { openEmbeddedStore } from "../../nodes/twin-store/embedded";

/**
 * A process of its own that updates twins as fast as it can and says which updates were acknowledged, until it kills itself with
 * SIGKILL after that many updates. `careless` says so at the call, before anything is written: what the test must notice.
 */
const [folder = "", updates = "0", mode = ""] = process.argv.slice(2);
const twins = 20;
const store = openEmbeddedStore({ folder, durability: "process", warn: (text) => writeSync(1, `warning ${text}\n`) });
let begun = 0;

async function report(twin: number): Promise<void> {
  const id = `t${twin}`;
  for (;;) {
    if (begun++ === Number(updates)) process.kill(process.pid, "SIGKILL");
    let rev = 0;
    const done = store.twins.updateAll([id], (_, current) => {
      const x = Number(current?.reported.x ?? 0);
      // Every third says the same again: no effective change.
      const values = { x: current && begun % 3 === 0 ? x : x + 1 };
      const ts = begun + (current?.meta.x?.ts ?? 0);
      const { patch, changed, ...merged } = mergeSample(current, { id, ts, values }, { now: ts });
      rev = merged.rev;
      // As twin-state does: what is there is changed in place.
      const notes = { changed, notify: true };
      return current ? { ...notes, patch } : { ...notes, document: applyPatch(offlineDocument(id, ts), patch) };
    });
    if (mode === "careless") writeSync(1, `${id} ${rev}\n`);
    await done;
    if (mode !== "careless") writeSync(1, `${id} ${rev}\n`);
  }
}

for (let twin = 0; twin < twins; twin++) void report(twin);
