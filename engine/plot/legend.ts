import { widest } from "./document";
import type { Groups } from "./group";
import { marks } from "./marks";
import { whole } from "./number-text";
import type { PlotLanguage } from "./plot-request";
import { at, element, label, line, rect } from "./svg";
import { shorten } from "./text";

const maxWidth = 190;
const rowHeight = 17;

/** Width of `legend` in pixels, 0 without groups. */
export const legendWidth = (groups: Groups | undefined, language: PlotLanguage): number =>
  groups ? Math.min(maxWidth, Math.ceil(widest([groups.by, ...rowsOf(groups, language)], 11)) + 34) : 0;

const rowsOf = (groups: Groups, language: PlotLanguage): string[] =>
  groups.labels.map((text, i) => `${text} (${whole(groups.counts[i]!, language)})`);

/** What colour, shape and dashes mean, with the rows of each group. Upper left corner at 0, 0. */
export function legend(groups: Groups, language: PlotLanguage, kind: "points" | "areas" | "lines"): string {
  const width = legendWidth(groups, language);
  const entries = rowsOf(groups, language).map((text, i) =>
    at(0, 20 + (i + 1) * rowHeight, swatch(kind, i), label(28, 0, shorten(text, width - 30, 11), { full: text })),
  );
  return label(0, 17, shorten(groups.by, width, 11), { className: "m", full: groups.by }) + entries.join("");
}

function swatch(kind: "points" | "areas" | "lines", group: number): string {
  if (kind === "areas") return rect(0, -9, 20, 10, `bx f${group} s${group}`);
  if (kind === "lines") return line(0, -4, 20, -4, `ln s${group} d${group}`);
  return (
    line(0, -4, 12, -4, `ln s${group} d${group}`) +
    at(20, -4, element("g", { transform: "scale(1.6)" }, marks([0, 0], group)))
  );
}
