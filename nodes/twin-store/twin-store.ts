import path from "node:path";
import { defineConfigNode } from "../lib/define-node";
import { acquire } from "../lib/shared";
import { openEmbeddedStore } from "./embedded";
import type { TwinStore } from "./store";
import { readTwinStoreSettings, type TwinStoreSettings } from "./twin-store.settings";

export default defineConfigNode<TwinStoreSettings, TwinStore>({
  type: "twin-store",
  readSettings: readTwinStoreSettings,
  metrics: ({ journal }) => [
    { name: "journal_records", help: "Messages that were taken in and are not done.", value: journal.size.records },
    { name: "journal_bytes", help: "What the journal takes on disk.", value: journal.size.bytes },
  ],
  open(host, settings) {
    const folder = path.resolve(host.home, settings.path);
    // One file, one holder: of two nodes on one folder the settings of the first that opened it hold.
    const lease = acquire(`store:${folder}`, () => {
      const value = openEmbeddedStore({
        folder,
        durability: settings.durability,
        keepMs: settings.keepDays * 86_400_000,
        keepBytes: settings.keepMb * 1024 * 1024,
        warn: (text) => host.red.log.warn(text),
      });
      return { value, dispose: () => value.close() };
    });
    return { api: lease.value, close: () => lease.release() };
  },
});
