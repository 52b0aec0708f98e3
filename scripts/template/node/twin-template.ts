import { Refusal, refuse } from "../../../engine/contract/errors";
import { defineNode } from "../../../nodes/lib/define-node";
import { readSamples } from "../../../nodes/lib/messages";
import { readTwinTemplateSettings, type TwinTemplateSettings } from "./twin-template.settings";

export default defineNode<TwinTemplateSettings>({
  type: "twin-template",
  readSettings: readTwinTemplateSettings,
  start(host, { property, limit }) {
    return {
      input(msg, send) {
        // Glue only: what thinks goes to engine/, with its own tests.
        for (const { values } of readSamples(msg).samples) {
          const value = values[property];
          if (typeof value === "number" && value > limit)
            throw new Refusal(
              refuse("out-of-range", `${property} is ${value}.`, `Send ${limit} or less.`, { property }),
            );
        }
        host.show("ok", host.text("status.passed"));
        send([msg, null]);
      },
    };
  },
});
