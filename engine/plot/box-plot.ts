import { captionBelow, frame, grid, ticksBelow } from "./axis-marks";
import { type Box, boxOf } from "./box-of";
import { type DrawnColumn, drawable } from "./column";
import { type Picture, widest } from "./document";
import { type Groups, readGroups } from "./group";
import { limitRowsHeight, limitsWithin, uprightLimits } from "./limits";
import { marks } from "./marks";
import { significant, whole } from "./number-text";
import type { PlotLanguage, PlotRequest } from "./plot-request";
import { at, element, label, line, px, rect } from "./svg";
import { shorten } from "./text";
import { type Axis, valueAxis } from "./value-axis";
import { wordsOf } from "./words";

export const maxBoxColumns = 12;
/** Boxes of one column; of more groups the largest are shown. */
export const maxBoxGroups = 40;

/** A box for each group, one below the other so that names of any length can be read, and a panel for each column. */
export function boxPlot(request: PlotRequest, columns: readonly DrawnColumn[]): Picture {
  const { language, rows } = request;
  const words = wordsOf(language);
  const groups = request.group && readGroups(request.group, rows, maxBoxGroups, language);
  const names = groups?.labels ?? [""];
  const across = columns.length === 1 ? 1 : columns.length <= 4 ? 2 : 3;
  const nameWidth = groups ? Math.min(across === 1 ? 220 : 120, widest(names, 11)) + 12 : 12;
  const width = Math.round((across === 1 ? 640 : across === 2 ? 700 : 780) / across);
  const rowHeight = names.length > 20 ? 16 : names.length > 1 ? 24 : 46;
  const height = names.length * rowHeight + 10;
  const above = 12 + limitRowsHeight(columns, language);
  const countWidth = 22 + widest([`n ${whole(rows, language)}`], 9.5);
  const cell = { width: Math.ceil(nameWidth + width + countWidth), height: above + height + 54 };
  const drawn = columns.map((column) => ({ column, boxes: boxesOf(column, groups) }));
  const panels = drawn.map(({ column, boxes }, i) => {
    const x = valueAxis(column, width, true, language, limitsWithin(column));
    const panel = [
      grid(width, height, x),
      ...boxes.map((box, row) => {
        const middle = -height + 5 + (row + 0.5) * rowHeight;
        const full = names[row]!;
        const name = label(-7, middle + 4, shorten(full, nameWidth - 12, 11), { anchor: "end", full });
        const n = label(width + 6, middle + 3.5, `${words.n} ${whole(box?.count ?? 0, language)}`, {
          className: "m",
          size: 9.5,
        });
        const tall = Math.min(20, rowHeight * 0.62);
        return name + n + (box ? at(0, middle, drawBox(box, x, width, tall, language)) : "");
      }),
      uprightLimits(column, x, width, height, language),
      frame(width, height),
      ticksBelow(x, width),
      captionBelow(x.caption, width, 30),
    ].join("");
    return at((i % across) * cell.width + nameWidth, Math.floor(i / across) * cell.height + above + height, panel);
  });
  const shownGroups = groups && groups.total > groups.labels.length;
  return {
    width: across * cell.width + 8,
    height: Math.ceil(columns.length / across) * cell.height,
    content: panels.join(""),
    name: words.of(words.kinds.box, words.list(columns.map(({ title }) => title))),
    description: drawn
      .flatMap(({ column, boxes }) =>
        boxes
          .slice(0, 6)
          .flatMap((box, i) =>
            box
              ? [
                  `${[column.title, names[i]].filter(Boolean).join(", ")}: ${words.median} ${significant(box.median, 4, language)}.`,
                ]
              : [],
          ),
      )
      .join(" "),
    notes: [
      words.boxRule,
      ...(shownGroups
        ? [words.groupsShown(whole(names.length, language), whole(groups.total, language), groups.by)]
        : []),
    ],
  };
}

/** A box for each group, undefined where a group has no number; one box without groups. */
function boxesOf(column: DrawnColumn, groups: Groups | undefined): (Box | undefined)[] {
  const ofValues = (values: Float64Array): Box | undefined => {
    const own = drawable(values);
    return own.length > 0 ? boxOf(own) : undefined;
  };
  if (!groups) return [ofValues(column.values)];
  return groups.labels.map((_, group) => ofValues(column.values.filter((_value, row) => groups.codes[row] === group)));
}

/** Around a middle line at 0. */
function drawBox(box: Box, axis: Axis, width: number, tall: number, language: PlotLanguage): string {
  const x = (value: number): number => axis.at(value) * width;
  const half = tall / 2;
  const [low, q1, median, q3, high] = [box.low, box.q1, box.median, box.q3, box.high].map(x) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const whiskers = `M${px(low)} ${px(-half * 0.6)}v${px(tall * 0.6)}M${px(low)} 0H${px(q1)}M${px(q3)} 0H${px(high)}M${px(high)} ${px(-half * 0.6)}v${px(tall * 0.6)}`;
  const numbers = [box.low, box.q1, box.median, box.q3, box.high]
    .map((value) => significant(value, 4, language))
    .join(" | ");
  // Whole pixels: of however many outliers, no more than the panel is wide.
  const outliers = Array.from(box.outliers, (value) => [Math.round(x(value)), 20]).flat();
  return [
    element("path", { class: "ln s0", d: whiskers }),
    rect(q1, -half, Math.max(0, q3 - q1), tall, "bx f0 s0", numbers),
    line(median, -half, median, half, "med"),
    outliers.length > 0 ? at(0, -20, marks(outliers, 0)) : "",
  ].join("");
}
