import type { TwinDocument } from "../../engine/contract/document";
import { matchesPattern } from "../../engine/contract/matches-pattern";
import type { TwinModel } from "../../engine/contract/model";
import { defineNode } from "../lib/define-node";
import type { Message } from "../lib/node-red";
import type { TwinEvent, TwinEventName, TwinPage, TwinStore } from "../twin-store/store";
import { readTwinWatchSettings, type TwinWatchSettings } from "./twin-watch.settings";

/** Events that wait while the present state is read. Beyond that the present state is read anew. */
const maxHeld = 10_000;

export default defineNode<TwinWatchSettings>({
  type: "twin-watch",
  outputs: 1,
  readSettings: readTwinWatchSettings,
  start(host, settings) {
    const { twins } = host.use<TwinStore>("twin-store", settings.store);
    const model = host.useIfSet<TwinModel>("twin-model", settings.model);
    // Units and limits for whoever shows the twin: a page needs no second copy of them.
    const spec = model && { ...model, properties: [...model.properties.values()] };
    const wanted = new Set<TwinEventName>(settings.events);
    let heard = 0;

    const fits = (id: string, document: TwinDocument | undefined): boolean =>
      matchesPattern(id, settings.twin) && (model === undefined || document?.model === model.model);

    function tell(event: TwinEvent): void {
      const document = event.after ?? event.before;
      if (!document || !fits(event.id, document)) return;
      for (const name of event.events) {
        if (!wanted.has(name)) continue;
        const msg: Message = { topic: event.id, event: name, payload: document, changed: event.changed };
        if (spec) msg.model = spec;
        if (!event.after) msg.deleted = true;
        if (event.clientToken !== undefined) msg.clientToken = event.clientToken;
        if (event.reminder !== undefined) msg.reminder = event.reminder;
        // Copied by the first receiver that wants to change it: documents are shared.
        host.send(host.red.util.cloneMessage(msg));
        heard++;
      }
      host.show("ok", host.text("status.heard", { count: heard, id: event.id }));
    }

    let held: TwinEvent[] | undefined = settings.replay ? [] : undefined;
    let overflowed = false;
    const stop = twins.watch((event) => {
      if (!held) return tell(event);
      if (held.length < maxHeld) held.push(event);
      else overflowed = true;
    });
    host.onClose(stop);
    host.show("idle", host.text("status.watching", { twin: settings.twin }));

    /** The present state first, then the changes since: an event counts only when it is newer than what was told. */
    async function replay(): Promise<void> {
      const told = new Map<string, TwinDocument>();
      let cursor: string | undefined;
      do {
        const page: TwinPage = await twins.list({ id: settings.twin }, cursor);
        for (const document of page.twins) {
          if (!fits(document.id, document)) continue;
          told.set(document.id, document);
          const msg: Message = { topic: document.id, event: "change", payload: document, changed: {}, replayed: true };
          if (spec) msg.model = spec;
          host.send(host.red.util.cloneMessage(msg));
        }
        cursor = page.cursor;
      } while (cursor !== undefined);
      if (overflowed) {
        overflowed = false;
        held = [];
        return replay();
      }
      const since = held ?? [];
      held = undefined;
      for (const event of since) {
        const known = told.get(event.id);
        const { after } = event;
        if (known && after && after.rev <= known.rev && after.status === known.status) continue;
        tell(event);
      }
    }
    // After this turn, when the nodes that listen to us exist too.
    if (settings.replay) setImmediate(() => replay().catch(host.fail));
    return {};
  },
});
