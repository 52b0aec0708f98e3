import { matchesPattern } from "../../engine/contract/matches-pattern";
import type { TwinModel } from "../../engine/contract/model";
import { defineNode } from "../lib/define-node";
import type { TwinStore } from "../twin-store/store";
import { modelMessage } from "./model-message";
import { readTwinWatchSettings, type TwinWatchSettings } from "./twin-watch.settings";
import { startWatcher } from "./watcher";

export default defineNode<TwinWatchSettings>({
  type: "twin-watch",
  outputs: 1,
  readSettings: readTwinWatchSettings,
  start(host, settings) {
    const { twins, models } = host.use<TwinStore>("twin-store", settings.store);
    const watcher = startWatcher(host, twins, settings, host.useIfSet<TwinModel>("twin-model", settings.model));
    if (settings.models)
      host.onClose(
        models.watch((change) => {
          if (!matchesPattern(change.name, settings.twin)) return;
          host.send(host.red.util.cloneMessage(modelMessage(change)));
          host.show("ok", host.text("status.model", { model: change.name, version: change.version }));
        }),
      );
    host.metrics(() => [
      { name: "watch_under_way", help: "Events on their way through the flow.", value: watcher.underWay },
      { name: "watch_waiting", help: "Twins whose events wait, merged.", value: watcher.waiting },
    ]);
    return {};
  },
});
