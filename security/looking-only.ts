const short = (value: unknown): string | undefined => (typeof value === "string" ? value.slice(0, 200) : undefined);
type Fields = Record<string, unknown> | undefined;

/**
 * What a page that only looks may say: that a widget is there, that a page is shown. The arguments are made anew, so
 * that nothing else reaches a flow; undefined for anything that acts.
 */
export function lookingOnly([event, id, what, more]: unknown[]): unknown[] | undefined {
  if (event === "widget-load") return [event, id, undefined];
  if (event === "ui-control" && what === "change")
    return [event, id, "change", { page: Number((more as Fields)?.page), name: short((more as Fields)?.name) }];
  const topic = (what as Fields)?.topic;
  if (event === "ui-event" && (topic === "$pageview" || topic === "$pageleave")) {
    const page = ((what as Fields)?.payload as Fields)?.page as Fields;
    return [event, id, { topic, payload: { page: { id: short(page?.id), name: short(page?.name) } } }];
  }
  return undefined;
}

export interface Emitting {
  emit(event: string, ...args: unknown[]): unknown;
}
interface Widget {
  type?: string;
  state?: Record<string, unknown>;
}

const controls =
  /^ui-(button|button-group|dropdown|file-input|form|number-input|radio-group|slider|switch|text-input)$/;

/** Sends controls to the page as disabled. What does not look as expected passes unchanged: the lock is `lookingOnly`. */
export function showDisabled(socket: Emitting): void {
  const emit = socket.emit.bind(socket);
  const known = new Set<string>();
  socket.emit = (event, ...args) => {
    const config = args[1] as { widgets?: Record<string, Widget> } | undefined;
    if (event === "ui-config" && config?.widgets) {
      const widgets = { ...config.widgets };
      for (const [id, widget] of Object.entries(widgets)) {
        if (!controls.test(widget?.type ?? "")) continue;
        known.add(id);
        widgets[id] = { ...widget, state: { ...widget.state, enabled: false } };
      }
      return emit(event, args[0], { ...config, widgets });
    }
    if (typeof event === "string" && event.startsWith("widget-load:") && known.has(event.slice("widget-load:".length)))
      return emit(event, args[0], { ...(args[1] as object), enabled: false });
    return emit(event, ...args);
  };
}
