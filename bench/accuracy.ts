/**
 * How accurate our models are beside scikit-learn's, on many tables with given folds and over ten seeds:
 *
 *     npm run build && node dist/bench/accuracy.js [--from <file of bench/lib/sklearn_accuracy.py>] [part of a table's name ...]
 *
 * The floor is scikit-learn's mean less two of its standard deviations from seed to seed. Takes half an hour of one core,
 * most of it scikit-learn's; without --from it runs the script by itself.
 */
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type AccuracyTable, type Compared, compared } from "./lib/accuracy-table";
import { root } from "./lib/processes";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { from: { type: "string" } }, allowPositionals: true });
  const python = process.env.PYTHON ?? "/usr/bin/python3";
  const script = path.join(root, "bench/lib/sklearn_accuracy.py");
  const input = values.from
    ? createReadStream(values.from)
    : spawn(python, [script, ...positionals], { cwd: root, stdio: ["ignore", "pipe", "inherit"] }).stdout;
  const below: string[] = [];
  console.log(
    "| table | scikit-learn | metric | its mean (sd) | ours (sd) | sds above its mean |\n|---|---|---|---|---|---|",
  );
  for await (const line of createInterface(input)) {
    const table = JSON.parse(line) as AccuracyTable;
    if (positionals.length > 0 && !positionals.some((part) => table.name.includes(part))) continue;
    for (const row of compared(table)) {
      console.log(lineOf(table.name, row));
      if (!row.met) below.push(`${table.name}: ${row.sklearn}, ${row.metric}`);
    }
  }
  console.log(below.length === 0 ? "\nNothing is below the floor." : `\nBelow the floor:\n${below.join("\n")}`);
  process.exitCode = below.length === 0 ? 0 : 1;
}

function lineOf(name: string, { sklearn, metric, theirs, ours, met }: Compared): string {
  const short = (value: number): string => String(Number(value.toPrecision(5)));
  const said = ({ mean, sd }: Compared["ours"]): string =>
    short(mean) + (sd > 0 ? ` (${Number(sd.toPrecision(2))})` : "");
  const sign = metric === "rmse" ? -1 : 1;
  const away = theirs.sd > 0 ? ((sign * (ours.mean - theirs.mean)) / theirs.sd).toFixed(1) : "";
  return `| ${name} | ${sklearn} | ${metric} | ${said(theirs)} | ${said(ours)} | ${away}${met ? "" : " **below**"} |`;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
