import { coefficientsOf } from "./coefficients-of";
import type { DrawnColumn } from "./column";
import { type Picture, widest } from "./document";
import { fixed, significant, whole } from "./number-text";
import type { PlotRequest } from "./plot-request";
import { at, element, label, line, rect, tooltip } from "./svg";
import { shorten } from "./text";
import { isStrong, signClasses } from "./theme";
import { wordsOf } from "./words";

export const maxCorrelationColumns = 40;

/** Coefficients of all columns with each other, as colour and as number. */
export function correlationPlot(request: PlotRequest, columns: readonly DrawnColumn[]): Picture {
  const { language } = request;
  const words = wordsOf(language);
  const k = columns.length;
  const side = Math.round(Math.min(70, Math.max(34, 760 / k)));
  const titles = columns.map(({ title }) => title);
  const nameWidth = Math.min(170, widest(titles, 11));
  const left = Math.ceil(nameWidth) + 18;
  const isUpright = widest(titles, 11) > side - 6;
  const coefficients = coefficientsOf(columns, request.correlation);
  const ranked: { text: string; strength: number }[] = [];
  let hasNone = false;

  const cells = columns.flatMap((a, row) =>
    columns.map((b, col) => {
      const { r, n, p } = coefficients.all(row, col);
      if (Number.isNaN(r)) {
        hasNone = true;
        return at(col * side, row * side, emptyCell(side, `${a.title} – ${b.title}`));
      }
      const value = fixed(r, 2, language);
      if (col > row) ranked.push({ text: `${a.title} – ${b.title} ${value}`, strength: Math.abs(r) });
      const facts = [`r = ${significant(r, 4, language)}`];
      if (!Number.isNaN(n)) facts.push(`n = ${whole(n, language)}`);
      if (!Number.isNaN(p) && row !== col) facts.push(`p = ${significant(p, 2, language)}`);
      return at(col * side, row * side, cell(r, value, side, `${a.title} – ${b.title}: ${facts.join(", ")}`));
    }),
  );
  const names = titles.flatMap((title, i) => {
    const middle = (i + 0.5) * side;
    const shown = shorten(title, nameWidth, 11);
    return [
      label(-7, middle + 4, shown, { anchor: "end", full: title }),
      isUpright
        ? label(middle + 4, k * side + 7, shown, { anchor: "end", upright: true, full: title })
        : label(middle, k * side + 17, title, { anchor: "middle" }),
    ];
  });
  const below = isUpright ? nameWidth + 16 : 26;
  const barTop = Math.max(0, (k * side - barHeight) / 2);
  return {
    width: Math.ceil(left + k * side + 66),
    height: Math.ceil(12 + Math.max(k * side + below, barTop + barHeight + 12)),
    content: at(left, 12, ...cells, ...names, at(k * side + 16, barTop, scale(language))),
    name: words.of(words.kinds.correlation, words.list(titles)),
    description:
      ranked.length === 0
        ? ""
        : words.strongest(
            words.list(
              ranked
                .sort((one, other) => other.strength - one.strength)
                .slice(0, 5)
                .map(({ text }) => text),
            ),
          ),
    notes: [
      words.correlationOf[request.correlation?.use ?? "pairwise"](
        words.method[request.correlation?.method ?? "pearson"],
      ),
      ...(hasNone ? [words.noCoefficient] : []),
    ],
  };
}

const half = (signClasses - 1) / 2;
const classOf = (r: number): number => Math.round(Math.max(-1, Math.min(1, r)) * half) + half;

function cell(r: number, value: string, side: number, full: string): string {
  const step = classOf(r);
  const textClass = isStrong(step) ? "on" : "off";
  return element(
    "g",
    {},
    tooltip(full),
    rect(0, 0, side - 1, side - 1, `c${step}`),
    label(side / 2, side / 2 + 4, value, { className: textClass, anchor: "middle", size: side < 40 ? 9.5 : 12 }),
  );
}

/** Crossed out, so that it is not taken for 0. */
const emptyCell = (side: number, full: string): string =>
  element(
    "g",
    {},
    tooltip(full),
    rect(0, 0, side - 1, side - 1, "no"),
    line(side * 0.3, side * 0.7, side * 0.7, side * 0.3, "x"),
    line(side * 0.3, side * 0.3, side * 0.7, side * 0.7, "x"),
  );

const barHeight = signClasses * 6;

/** What the colours mean. */
function scale(language: PlotRequest["language"]): string {
  const steps = Array.from({ length: signClasses }, (_, i) => rect(0, barHeight - (i + 1) * 6, 12, 6, `c${i}`));
  const numbers = [-1, -0.5, 0, 0.5, 1].map((value) =>
    label(17, barHeight - 3 - ((value + 1) / 2) * (barHeight - 6) + 3.5, fixed(value, 1, language), {
      className: "m",
      size: 10,
    }),
  );
  return [...steps, ...numbers].join("");
}
