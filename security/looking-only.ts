const short = (value: unknown): string | undefined => (typeof value === "string" ? value.slice(0, 200) : undefined);
type Fields = Record<string, unknown> | undefined;

/**
 * What a page that only looks may say: that a widget is there, that a page is shown, and to widgets that answer such pages
 * what it wants to see. The arguments are made anew, so that nothing else reaches a flow; undefined for anything that acts.
 *
 * @param answers whether the widget of that id answers who only looks: see {@link asLookingPage}
 */
export function lookingOnly(
  [event, id, what, more]: unknown[],
  answers: (id: unknown) => boolean = () => false,
): unknown[] | undefined {
  if (event === "widget-send" && (what as Fields)?.topic === "look" && answers(id))
    return [event, id, { topic: "look", payload: plain((what as Fields)?.payload) }];
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

const maxKeys = 20;
const maxItems = 100;

/** Texts, numbers and lists of them: all that a question of a page needs. */
function plain(given: unknown): Record<string, unknown> {
  const payload: Record<string, unknown> = {};
  if (typeof given !== "object" || given === null) return payload;
  for (const [key, value] of Object.entries(given).slice(0, maxKeys)) {
    if (!/^[a-zA-Z]{1,20}$/.test(key)) continue;
    payload[key] = Array.isArray(value) ? value.slice(0, maxItems).map(plainValue) : plainValue(value);
  }
  return payload;
}
const plainValue = (value: unknown): unknown =>
  typeof value === "number" || typeof value === "boolean" ? value : short(value);

export interface Emitting {
  emit(event: string, ...args: unknown[]): unknown;
}
interface Widget {
  type?: string;
  props?: Record<string, unknown>;
  state?: Record<string, unknown>;
}

const controls =
  /^ui-(button|button-group|dropdown|file-input|form|number-input|radio-group|slider|switch|text-input)$/;

/** The class of a ui-template whose flow answers messages of topic `look` by reading only, whoever sends them. */
const answersLooks = /(^|\s)mt-look(\s|$)/;

/**
 * Sends controls to the page as disabled. What does not look as expected passes unchanged: the lock is `lookingOnly`.
 * Returns which of the page's widgets answer who only looks: the page hears of its widgets here.
 */
export function asLookingPage(socket: Emitting): (id: unknown) => boolean {
  const emit = socket.emit.bind(socket);
  const known = new Set<string>();
  let answering = new Set<unknown>();
  socket.emit = (event, ...args) => {
    const config = args[1] as { widgets?: Record<string, Widget> } | undefined;
    if (event === "ui-config" && config?.widgets) {
      const widgets = { ...config.widgets };
      answering = new Set();
      for (const [id, widget] of Object.entries(widgets)) {
        if (widget?.type === "ui-template" && answersLooks.test(String(widget.props?.className ?? "")))
          answering.add(id);
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
  return (id) => answering.has(id);
}
