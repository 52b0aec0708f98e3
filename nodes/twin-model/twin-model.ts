import type { TwinModel } from "../../engine/contract/model";
import { defineConfigNode } from "../lib/define-node";
import { readTwinModelSettings } from "./twin-model.settings";

export default defineConfigNode<TwinModel, TwinModel>({
  type: "twin-model",
  readSettings: readTwinModelSettings,
  open: (_host, model) => ({ api: model, close: () => undefined }),
});
