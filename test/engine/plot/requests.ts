import { readFileSync } from "node:fs";
import path from "node:path";
import { randomOf } from "../../../engine/learning/random";
import type { PlotColumn, PlotGroup, PlotRequest } from "../../../engine/plot/draw";
import { projectRoot } from "../../flows/project";

/** A request with what it needs besides what is told. */
export const requestOf = (request: Partial<PlotRequest> & Pick<PlotRequest, "kind" | "columns">): PlotRequest => ({
  rows: request.columns[0]?.values.length ?? 0,
  maxPoints: 2000,
  language: "en-US",
  ...request,
});

export const columnOf = (name: string, values: Iterable<number>, more: Partial<PlotColumn> = {}): PlotColumn => ({
  name,
  values: Float64Array.from(values),
  ...more,
});

const [header, ...rows] = readFileSync(path.join(projectRoot, "examples/data/tablet_batches_codes13_23.csv"), "utf8")
  .trim()
  .split(/\r?\n/)
  .map((line) => line.split(","));

/** Columns of the tablet batches, 318 real rows, and the product code of each. */
export const tablets = (names: readonly string[], more: Partial<PlotColumn> = {}): PlotColumn[] =>
  names.map((name) => {
    const at = header!.indexOf(name);
    return columnOf(
      name,
      rows.map((row) => (row[at]!.trim() === "" ? Number.NaN : Number(row[at]))),
      more,
    );
  });
export const tabletCodes = (): PlotGroup => ({
  name: "code",
  values: rows.map((row) => row[header!.indexOf("code")]!),
});

export const someTablets = [
  "tbl_av_hardness",
  "tbl_tensile",
  "api_water",
  "dissolution_av",
  "total_waste",
  "tbl_yield",
];

/** Columns of normal numbers that have something in common, the same each time. */
export function normalColumns(count: number, length: number): PlotColumn[] {
  const random = randomOf(3);
  const share = (): number => (random.next() + 0.5) / 2 ** 32;
  const normal = (): number => Math.sqrt(-2 * Math.log(share())) * Math.cos(2 * Math.PI * share());
  const common = Float64Array.from({ length }, normal);
  return Array.from({ length: count }, (_, k) =>
    columnOf(
      `sensor_${k}`,
      common.map((value) => 10 * k + (1 - 0.2 * k) * value + 0.4 * normal()),
      { unit: "bar" },
    ),
  );
}

/** Texts between the tags of a picture, in their order. */
export const textsIn = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>(?:<title>[^<]*<\/title>)?([^<]*)<\/text>/g)].map((match) => match[1]!);
