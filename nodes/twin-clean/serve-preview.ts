import { previewCleaning } from "../../engine/cleaning/preview-cleaning";
import { withModelUnits } from "../../engine/cleaning/read-conversion";
import { serveAdminPost } from "../lib/admin-post";
import { isObject } from "../lib/messages";
import type { NodeRed } from "../lib/node-red";
import { recentOf } from "./recent-data";
import { readTwinCleanSettings } from "./twin-clean.settings";

/**
 * `POST <admin>/meditwin/twin-clean/preview` for the form: `{ node, twin?, settings, units }` is answered with what the
 * settings as they stand there would make of the data that the node got last. Nothing is stored, and no flow sees it.
 * `units` has those of the properties of the model that is chosen.
 */
export function servePreview(red: NodeRed): void {
  serveAdminPost(red, "twin-clean/preview", "flows.write", ({ node, twin, settings, units }) => {
    const read = readTwinCleanSettings(isObject(settings) ? settings : {});
    const unitOf = (property: string): string | undefined => {
      const unit = isObject(units) && Object.hasOwn(units, property) ? units[property] : undefined;
      return typeof unit === "string" ? unit : undefined;
    };
    const rules = withModelUnits(read.rules, unitOf);
    return previewCleaning(recentOf(String(node)), { ...read, rules }, typeof twin === "string" ? twin : "");
  });
}
