import type { TwinModel } from "../../engine/contract/model";
import { previewModel } from "../../engine/twin/preview-model";
import { serveAdminPost } from "../lib/admin-post";
import { defineConfigNode } from "../lib/define-node";
import { isObject } from "../lib/messages";
import { bornTwins } from "./born-twins";
import { importProperties } from "./import-properties";
import { readSampleText } from "./read-sample";
import { readTwinModelSettings } from "./twin-model.settings";

export default defineConfigNode<TwinModel, TwinModel>({
  type: "twin-model",
  readSettings: readTwinModelSettings,
  open: (_host, model) => ({ api: model, close: () => undefined }),
  /** For the form, of a model as it stands there: nothing is stored, and nothing runs but what a flow would run. */
  serve(red) {
    serveAdminPost(red, "twin-model/births", "flows.write", () => ({ births: bornTwins() }));
    serveAdminPost(red, "twin-model/import", "flows.write", ({ text }) => importProperties(text));
    serveAdminPost(red, "twin-model/preview", "flows.write", ({ model, sample }) => ({
      verdicts: previewModel(readTwinModelSettings(isObject(model) ? model : {}), readSampleText(sample), Date.now()),
    }));
  },
});
