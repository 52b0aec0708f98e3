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
    // One file, one holder: the stronger durability of two nodes on one folder is that of the first that opened it.
    const lease = acquire(`store:${folder}`, () => {
      const value = openEmbeddedStore({
        folder,
        durability: settings.durability,
        warn: (text) => host.red.log.warn(text),
      });
      return { value, dispose: () => value.close() };
    });
    return { api: lease.value, close: () => lease.release() };
  },
});
