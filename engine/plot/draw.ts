import { Refusal, refuse } from "../contract/errors";
import type { PlotRequest } from "./plot-request";

export type {
  PlotColumn,
  PlotCorrelation,
  PlotGroup,
  PlotKind,
  PlotLanguage,
  PlotRequest,
  PlotTheme,
} from "./plot-request";
export { plotKinds } from "./plot-request";

/**
 * One picture as the text of a self-contained SVG: no script, no reference to anything outside, every text escaped.
 * The same request gives the same text.
 *
 * @throws Refusal `too-few-rows` when no column has a number to draw, `bad-request` when lengths differ
 */
export function draw(request: PlotRequest): string {
  throw new Refusal(refuse("not-yet", `A picture of kind ${request.kind} cannot be drawn yet.`, "Leave the plot out."));
}
