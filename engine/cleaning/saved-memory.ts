import { createRollingWindow, type RollingWindow, type SavedWindow } from "./rolling-window";

/** A window among the data of a memory. */
interface Tagged {
  rollingWindow: SavedWindow;
}

/**
 * A step's memory as plain data: its windows by what they hold, everything else as it is. What a memory has must be
 * scalars, lists, maps and objects of such, or windows.
 */
export function saveMemory(memory: object): Record<string, unknown> {
  const saved: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(memory))
    if (value !== undefined) saved[key] = isWindow(value) ? { rollingWindow: value.save() } : value;
  return saved;
}

/** The memory again. What was not saved of it, such as what a newer version of the step remembers, begins anew. */
export function restoreMemory<T extends object>(fresh: T, saved: unknown): T {
  const memory = fresh as Record<string, unknown>;
  for (const [key, value] of Object.entries(saved as object))
    if (Object.hasOwn(memory, key)) memory[key] = isTagged(value) ? restoreWindow(value.rollingWindow) : value;
  return fresh;
}

/** About how many values a memory holds. */
export function sizeOf(memory: object): number {
  let size = 16;
  for (const value of Object.values(memory))
    if (isWindow(value)) size += value.held;
    else if (Array.isArray(value)) size += value.length;
  return size;
}

function restoreWindow({ span, keeps, values, times }: SavedWindow): RollingWindow {
  const window = createRollingWindow(span, keeps);
  for (let i = 0; i < values.length; i++) window.push(values[i]!, times?.[i] ?? Number.NaN);
  return window;
}

const isWindow = (value: unknown): value is RollingWindow =>
  typeof value === "object" && value !== null && "save" in value && typeof value.save === "function";

const isTagged = (value: unknown): value is Tagged =>
  typeof value === "object" && value !== null && Object.hasOwn(value, "rollingWindow");
