import { Refusal } from "../../engine/contract/errors";
import { defineNode } from "../lib/define-node";
import type { History } from "../twin-history/history";
import { readQuestion } from "./read-question";
import { readTwinQuerySettings, type TwinQuerySettings } from "./twin-query.settings";

export default defineNode<TwinQuerySettings>({
  type: "twin-query",
  readSettings: readTwinQuerySettings,
  start(host, settings) {
    const history = host.use<History>("twin-history", settings.history);
    return {
      async input(msg, send) {
        const begun = performance.now();
        try {
          const rows = await history.query(readQuestion(settings.raw, msg, Date.now()));
          msg.payload = rows;
          // A table is no sample: what msg.twin said does not hold for its rows.
          delete msg.twin;
          host.show("ok", host.text("status.rows", { rows: rows.length, ms: Math.round(performance.now() - begun) }));
          send([msg, null]);
        } catch (error) {
          if (!(error instanceof Refusal)) host.show("failed", error instanceof Error ? error.message : String(error));
          throw error;
        }
      },
    };
  },
});
