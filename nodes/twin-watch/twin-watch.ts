import type { TwinModel } from "../../engine/contract/model";
import { defineNode } from "../lib/define-node";
import type { TwinStore } from "../twin-store/store";
import { readTwinWatchSettings, type TwinWatchSettings } from "./twin-watch.settings";
import { startWatcher } from "./watcher";

export default defineNode<TwinWatchSettings>({
  type: "twin-watch",
  outputs: 1,
  readSettings: readTwinWatchSettings,
  start(host, settings) {
    const { twins } = host.use<TwinStore>("twin-store", settings.store);
    const watcher = startWatcher(host, twins, settings, host.useIfSet<TwinModel>("twin-model", settings.model));
    host.metrics(() => [
      { name: "watch_under_way", help: "Events on their way through the flow.", value: watcher.underWay },
      { name: "watch_waiting", help: "Twins whose events wait, merged.", value: watcher.waiting },
    ]);
    return {};
  },
});
