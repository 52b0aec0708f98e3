import type { PlotTheme } from "./plot-request";

/**
 * Colours of groups: the order and hues of seaborn's "colorblind" palette, without those too pale for white paper. The last
 * one is for all further groups together. The dark row is the same hues, lighter. Shape and dashes tell groups apart without colour.
 */
const light = ["#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#56b4e9", "#8a8a8a"];
const dark = ["#56a9e4", "#f0a830", "#3cc796", "#f58349", "#df9bd0", "#d9ac80", "#9bd6f7", "#a5a5a5"];
const dashes = ["", "6 2", "2 2", "7 2 2 2", "10 3", "4 1 1 1", "1 1", "1 3"];
export const groupColours = light.length - 1;

/** Few to many, for hexagons: light to dark on white, the other way round on black, one hue. */
const fewToMany = ["#c9dff0", "#9cc6e3", "#66a7d2", "#3585bd", "#10629f", "#053c6b"];
const fewToManyDark = ["#1d3c55", "#1f5680", "#2673ab", "#4693cd", "#7fb8e5", "#c6e1f6"];
export const countClasses = fewToMany.length;

/** -1 to 1 in 21 steps: red to blue as ColorBrewer's RdBu, which eyes of all kinds tell apart; the middle is that of the page. */
const negative = [178, 24, 43];
const positive = [33, 102, 172];
export const signClasses = 21;

const mix = (from: readonly number[], to: readonly number[], share: number): string =>
  `#${from
    .map((part, i) =>
      Math.round(part + (to[i]! - part) * share)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;

/** Whether white text is read better than black on a class of the heat map. */
export const isStrong = (signClass: number): boolean => signClass <= 2 || signClass >= 19;

type Rule = readonly [selector: string, lightRule: string, darkRule?: string];

const rules: Rule[] = [
  [".bg", "fill:#fff", "fill:#17191d"],
  [".t", "fill:#222", "fill:#e4e6ea"],
  [".m", "fill:#5c5c5c", "fill:#a4a9b2"],
  [".g", "stroke:#e3e3e3;fill:none", "stroke:#30343b"],
  [".a", "stroke:#767676;fill:none", "stroke:#7d838d"],
  [".bar", "fill:#0173b2;fill-opacity:.65", "fill:#56a9e4"],
  [".lim", "stroke:#b2182b;stroke-width:1.4;stroke-dasharray:6 3;fill:none", "stroke:#ff8f87"],
  [".tgt", "stroke:#1a7f37;stroke-width:1.4;stroke-dasharray:9 3 2 3;fill:none", "stroke:#5fd17f"],
  [".lt", "fill:#b2182b", "fill:#ff8f87"],
  [".tt", "fill:#1a7f37", "fill:#5fd17f"],
  [".gap", "fill:#767676;fill-opacity:.16", "fill:#a4a9b2;fill-opacity:.2"],
  [".no", "fill:#f4f4f4", "fill:#202329"],
  [".x", "stroke:#b4b4b4;fill:none", "stroke:#5a6069"],
  [".med", "stroke:#222;stroke-width:2;fill:none", "stroke:#fff"],
  [".dotb", "stroke-width:9;stroke-linecap:round;fill:none"],
  [".sqb", "stroke-width:7.4;stroke-linecap:square;fill:none"],
  [".trib", "stroke-width:2.6"],
  [".crossb", "stroke-width:3;fill:none"],
  [".dot", "stroke-width:6;stroke-linecap:round;fill:none"],
  [".sq", "stroke-width:5.4;stroke-linecap:square;fill:none"],
  [".tri", "stroke-width:1"],
  [".cross", "stroke-width:2.2;fill:none"],
  [".ln", "fill:none;stroke-width:1.3;stroke-linejoin:round;stroke-linecap:round"],
  [".open", "fill:none"],
  [".ls", "stroke-width:2.4;stroke-linejoin:round;stroke-linecap:round"],
  [".pt", "stroke-opacity:.75"],
  [".ar", "fill-opacity:.18"],
  [".bx", "fill-opacity:.35;stroke-width:1"],
  [".st", "fill-opacity:.75"],
  [".on", "fill:#fff"],
  [".off", "fill:#222", "fill:#e4e6ea"],
];

/** The whole set of rules for one theme, all under `.mt-plot`, so that they do nothing to a page that the picture is put into. */
function rulesOf(): Rule[] {
  const groups = light.flatMap((colour, i): Rule[] => [
    [`.s${i}`, `stroke:${colour}`, `stroke:${dark[i]}`],
    [`.f${i}`, `fill:${colour}`, `fill:${dark[i]}`],
    ...(dashes[i] ? [dash(`.d${i}`, dashes[i], 1), dash(`.dd${i}`, dashes[i], 2)] : []),
  ]);
  const counts = fewToMany.map((colour, i): Rule => [`.h${i}`, `fill:${colour}`, `fill:${fewToManyDark[i]}`]);
  const half = (signClasses - 1) / 2;
  const signs = Array.from({ length: signClasses }, (_, i): Rule => {
    const end = i < half ? negative : positive;
    const share = Math.abs(i - half) / half;
    return [`.c${i}`, `fill:${mix([247, 247, 247], end, share)}`, `fill:${mix([43, 46, 52], end.map(paler), share)}`];
  });
  return [...rules, ...groups, ...counts, ...signs];
}
const dash = (selector: string, lengths: string, scale: number): Rule => [
  selector,
  `stroke-dasharray:${lengths
    .split(" ")
    .map((length) => Number(length) * scale)
    .join(" ")}`,
];
const paler = (part: number): number => Math.round(part + (255 - part) * 0.12);

/**
 * The style sheet of a picture, with only those rules whose class it uses. Plain colours instead of custom properties, which
 * editors of drawings and converters do not know. Paper is always light.
 */
export function styleSheet(theme: PlotTheme, used: ReadonlySet<string>): string {
  const needed = rulesOf().filter(([selector]) => used.has(selector.slice(1)));
  const css = needed.map(([selector, rule]) => `.mt-plot ${selector}{${rule}}`).join("");
  if (theme === "light") return base + css;
  const media = theme === "auto" ? "screen and (prefers-color-scheme:dark)" : "screen";
  const darkCss = needed
    .map(([selector, , rule]) => (rule === undefined ? "" : `.mt-plot.mt-${theme} ${selector}{${rule}}`))
    .join("");
  return `${base}${css}@media ${media}{${darkCss}}`;
}

const base =
  ".mt-plot{font:11px system-ui,'Segoe UI',Roboto,Helvetica,Arial,'Noto Sans','Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif}";
