import type { TwinDocument } from "../../engine/contract/document";
import { matchesPattern } from "../../engine/contract/matches-pattern";
import type { TwinModel } from "../../engine/contract/model";
import type { Host } from "../lib/define-node";
import type { Message } from "../lib/node-red";
import type { TwinCollection, TwinEvent, TwinEventName, TwinFilter } from "../twin-store/store";
import type { Told } from "./backlog";
import { createOutlet, type Outlet, type OutletLimits } from "./outlet";
import { createReplay } from "./replay";
import type { TwinWatchSettings } from "./twin-watch.settings";

export interface WatcherLimits extends OutletLimits {
  /** Twins that are read at once. @default 100 */
  page?: number;
}

/** Tells what happens to the twins that the settings name, from the start of the flows on until the node closes. */
export function startWatcher(
  host: Host,
  twins: Pick<TwinCollection, "get" | "list" | "watch">,
  settings: TwinWatchSettings,
  model: TwinModel | undefined,
  limits: WatcherLimits = {},
): Pick<Outlet, "underWay" | "waiting"> {
  // Units and limits for whoever shows the twin: a page needs no second copy of them.
  const spec = model && { ...model, properties: [...model.properties.values()] };
  const wanted = new Set<TwinEventName>(settings.events);
  const filter: TwinFilter = { id: settings.twin, ...(model && { model: model.model }) };
  let heard = 0;

  const isOfModel = (document: TwinDocument | undefined): boolean =>
    document !== undefined && (!model || document.model === model.model);
  function messagesOf({
    id,
    before,
    after,
    events,
    changed,
    replayed,
    merged,
    clientToken,
    reminder,
  }: Told): Message[] {
    // The present state comes once, as the first of the events that are wanted.
    const names = replayed ? settings.events.slice(0, 1) : settings.events.filter((name) => events.includes(name));
    return names.map((event) => {
      const msg: Message = { topic: id, event, payload: after ?? before, changed };
      if (spec) msg.model = spec;
      if (!after) msg.deleted = true;
      if (replayed) msg.replayed = true;
      if (merged) msg.merged = merged;
      if (clientToken !== undefined) msg.clientToken = clientToken;
      if (reminder !== undefined) msg.reminder = reminder;
      // The store's documents are shared; what a flow gets it may change.
      return host.red.util.cloneMessage(msg);
    });
  }

  const present = (document: TwinDocument): Told => ({
    id: document.id,
    events: settings.events,
    after: document,
    changed: {},
    replayed: true,
  });
  const outlet = createOutlet(host, { messagesOf, onOverflow: () => replay.begin(), onShaken }, limits);
  const replay = createReplay({
    twins,
    filter,
    isKnown: !settings.replay,
    pageSize: limits.page ?? 100,
    room: outlet.room,
    present(document) {
      const [waiting] = outlet.take(document.id);
      if (waiting && !waiting.after) outlet.tellAtOnce(waiting);
      outlet.tellAtOnce(present(document));
    },
    tell({ position, ...event }) {
      outlet.tell(event);
      heard++;
      if (outlet.waiting === 0) host.show("ok", () => host.text("status.heard", { count: heard, id: event.id }));
    },
    onError: host.fail,
  });

  /** Twins whose present state is asked for, because a deploy may have lost an event. */
  const shaken = new Set<string>();
  function onShaken(event: Told): void {
    shaken.add(event.id);
    twins.get(event.id).then((document) => {
      // Something newer was told meanwhile.
      if (!shaken.delete(event.id)) return;
      if (document) outlet.tell(present(document));
      else if (!event.after) outlet.tell(event);
    }, host.fail);
  }

  const isNamed = (id: string, events: readonly TwinEventName[]): boolean =>
    events.some((name) => wanted.has(name)) && matchesPattern(id, settings.twin);
  /** Also a twin that left the model: whoever shows it must hear of that. */
  const concerns = ({ id, before, after, events }: TwinEvent): boolean =>
    isNamed(id, events) && (isOfModel(before) || isOfModel(after));

  const stop = twins.watch((event) => {
    if (!concerns(event)) return;
    shaken.delete(event.id);
    replay.hear(event);
  }, isNamed);
  host.onClose(stop);
  host.show("idle", host.text("status.watching", { twin: settings.twin }));
  if (settings.replay) replay.begin();
  host.onFlowsStarted(outlet.open);
  return outlet;
}
