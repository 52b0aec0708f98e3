import { readerOf } from "../lib/settings";

export interface TwinWriteSettings {
  /** Id of a twin-history node. "": the history that nodes without one share. */
  history: string;
}

export const readTwinWriteSettings = (def: Record<string, unknown>): TwinWriteSettings => ({
  history: readerOf(def).text("history", ""),
});
