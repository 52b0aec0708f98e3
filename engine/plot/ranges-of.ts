import type { DrawnColumn } from "./column";
import { significant, whole } from "./number-text";
import type { PlotLanguage } from "./plot-request";
import { wordsOf } from "./words";

/** How many values each column has, and from where to where they go, as sentences. */
export const rangesOf = (columns: readonly DrawnColumn[], language: PlotLanguage): string =>
  columns
    .map(({ title, count, min, max }) =>
      wordsOf(language).range(
        title,
        whole(count, language),
        significant(min, 4, language),
        significant(max, 4, language),
      ),
    )
    .join(" ");
