import type { PlotLanguage } from "./plot-request";

/** Every word in a picture that is not the reader's own. Numbers come as text, formatted already. */
export interface Words {
  kinds: Record<"pair" | "histogram" | "correlation" | "box" | "series", string>;
  of(kind: string, names: string): string;
  from(offset: string): string;
  noGroup: string;
  others(groups: string): string;
  allPoints(n: string): string;
  sampled(shown: string, n: string): string;
  hexagons(n: string, most: string): string;
  stars: string;
  columnsShown(shown: string, n: string): string;
  groupsShown(shown: string, n: string, by: string): string;
  missing(list: string): string;
  beyond(list: string): string;
  nothing(list: string): string;
  method: Record<"pearson" | "spearman", string>;
  correlationOf: Record<"pairwise" | "complete", (method: string) => string>;
  noCoefficient: string;
  n: string;
  mean: string;
  sd: string;
  median: string;
  lsl: string;
  target: string;
  usl: string;
  outside(n: string, share: string): string;
  binRule(list: string): string;
  bins(n: string): string;
  count: string;
  boxRule: string;
  row: string;
  time: string;
  gaps(n: string): string;
  gapRule: string;
  decimated(n: string): string;
  unordered(n: string): string;
  noTime(n: string): string;
  strongest(list: string): string;
  range(title: string, n: string, min: string, max: string): string;
  list(items: readonly string[]): string;
}

const english: Words = {
  kinds: {
    pair: "Pair plot",
    histogram: "Histogram",
    correlation: "Correlation",
    box: "Box plots",
    series: "Time series",
  },
  of: (kind, names) => `${kind}: ${names}`,
  from: (offset) => `from ${offset}`,
  noGroup: "(no group)",
  others: (groups) => `others (${groups})`,
  allPoints: (n) => `All rows are shown: ${n}.`,
  sampled: (shown, n) =>
    `Shown as points: ${shown} of ${n} rows, a random sample (the same each time), and the rows of every column's extremes. Curves, bars and coefficients are of all rows.`,
  hexagons: (n, most) =>
    `All ${n} rows are counted in hexagons; the strongest colour stands for ${most}, on a logarithmic scale.`,
  stars: "* p < 0.05, ** p < 0.01, *** p < 0.001 for each coefficient by itself.",
  columnsShown: (shown, n) => `The first ${shown} of ${n} columns are shown.`,
  groupsShown: (shown, n, by) => `The ${shown} largest of ${n} groups of ${by} are shown.`,
  missing: (list) => `Missing: ${list}.`,
  beyond: (list) => `Infinite, not shown: ${list}.`,
  nothing: (list) => `Without any number: ${list}.`,
  method: { pearson: "Pearson", spearman: "Spearman" },
  correlationOf: {
    pairwise: (method) => `Correlation: ${method}, of the rows in which both columns have a value.`,
    complete: (method) => `Correlation: ${method}, of the rows in which all columns have a value.`,
  },
  noCoefficient: "A crossed cell has no coefficient: fewer than two rows, or a column that does not change.",
  n: "n",
  mean: "mean",
  sd: "sd",
  median: "median",
  lsl: "LSL",
  target: "Target",
  usl: "USL",
  outside: (n, share) => `outside ${n} (${share})`,
  binRule: (list) => `Bins as numpy's "auto" (the narrower of Freedman–Diaconis and Sturges): ${list}.`,
  bins: (n) => `${n} bins`,
  count: "Count",
  boxRule:
    "Box: quartiles and median; whiskers: last value within 1.5 times the quartiles' distance (Tukey); points: beyond.",
  row: "Row",
  time: "Time (UTC)",
  gaps: (n) => `Gaps, shaded: ${n}.`,
  gapRule: "A gap is a missing value, or a step longer than three times the 90th percentile of all steps.",
  decimated: (n) => `Of ${n} rows, the first, last, least and greatest of each pixel are drawn: no spike is left out.`,
  unordered: (n) => `Rows earlier than the one above them, drawn in order of time: ${n}.`,
  noTime: (n) => `Rows without a time, not shown: ${n}.`,
  strongest: (list) => `Strongest: ${list}.`,
  range: (title, n, min, max) => `${title}: ${n} values from ${min} to ${max}.`,
  list: (items) => items.join(", "),
};

const chinese: Words = {
  kinds: { pair: "散点图矩阵", histogram: "直方图", correlation: "相关性", box: "箱线图", series: "时间序列" },
  of: (kind, names) => `${kind}：${names}`,
  from: (offset) => `自 ${offset} 起`,
  noGroup: "（无分组）",
  others: (groups) => `其他（${groups} 组）`,
  allPoints: (n) => `已显示全部 ${n} 行。`,
  sampled: (shown, n) =>
    `${n} 行中以点显示 ${shown} 行：随机抽样（每次相同），并包含各列最大、最小值所在的行。曲线、柱形和相关系数按全部行计算。`,
  hexagons: (n, most) => `全部 ${n} 行按六边形计数；颜色最强处为 ${most} 行（对数刻度）。`,
  stars: "* p < 0.05，** p < 0.01，*** p < 0.001（各系数单独检验）。",
  columnsShown: (shown, n) => `共 ${n} 列，显示前 ${shown} 列。`,
  groupsShown: (shown, n, by) => `${by} 共 ${n} 组，显示最大的 ${shown} 组。`,
  missing: (list) => `缺失：${list}。`,
  beyond: (list) => `无穷大，未显示：${list}。`,
  nothing: (list) => `没有任何数值：${list}。`,
  method: { pearson: "皮尔逊（Pearson）", spearman: "斯皮尔曼（Spearman）" },
  correlationOf: {
    pairwise: (method) => `相关系数：${method}，按两列均有值的行计算。`,
    complete: (method) => `相关系数：${method}，按所有列均有值的行计算。`,
  },
  noCoefficient: "打叉的格子没有系数：不足两行，或某列的值不变。",
  n: "n",
  mean: "均值",
  sd: "标准差",
  median: "中位数",
  lsl: "规格下限",
  target: "目标值",
  usl: "规格上限",
  outside: (n, share) => `超出规格 ${n}（${share}）`,
  binRule: (list) => `分组同 numpy 的 “auto”（取 Freedman–Diaconis 与 Sturges 中较窄者）：${list}。`,
  bins: (n) => `${n} 组`,
  count: "频数",
  boxRule: "箱体：四分位数与中位数；须线：1.5 倍四分位距以内的最远值（Tukey）；点：超出者。",
  row: "行号",
  time: "时间（UTC）",
  gaps: (n) => `${n} 处间断，以阴影表示。`,
  gapRule: "间断指缺失值，或时间步长超过 90% 分位步长的三倍。",
  decimated: (n) => `共 ${n} 行，每个像素绘出首、末、最小与最大值：不会漏掉任何尖峰。`,
  unordered: (n) => `有 ${n} 行的时间早于前一行，已按时间顺序绘制。`,
  noTime: (n) => `有 ${n} 行没有时间，未显示。`,
  strongest: (list) => `最强：${list}。`,
  range: (title, n, min, max) => `${title}：${n} 个值，${min} 至 ${max}。`,
  list: (items) => items.join("、"),
};

export const wordsOf = (language: PlotLanguage): Words => (language === "zh-CN" ? chinese : english);
