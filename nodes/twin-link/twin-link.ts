import { defineNode } from "../lib/define-node";
import { answerTo } from "./answers";
import { measure } from "./measuring";
import { keepForForm, servePlan } from "./serve-plan";
import { readTwinLinkSettings, type TwinLinkSettings } from "./twin-link.settings";

export default defineNode<TwinLinkSettings>({
  type: "twin-link",
  outputs: 3,
  readSettings: readTwinLinkSettings,
  serve: servePlan,
  start(host, settings) {
    const measuring = measure(host, settings);
    keepForForm(host, measuring);
    return {
      input(msg, send) {
        Object.assign(msg, answerTo(msg, measuring, settings.options));
        send([null, msg, null]);
      },
    };
  },
});
