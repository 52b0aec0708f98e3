// npm run faults: runs the cases one after another and prints one table. See docs/reliability.md.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../flows/project";
import type { FaultCase, Scale } from "./fault-case";
import { type CaseResult, commitOf, isAsPromised, machine, readResult, saveResult } from "./results";
import { loadCases } from "./run-cases";
import { putBetweenMarkers, renderOrigin, renderTable } from "./table";

const usage = `npm run faults -- [--short] [--only 1,4] [--results <folder>] [--resume] [--write]
  --short    seconds for each case instead of the long form
  --only     numbers of cases; the table shows the others too, as far as the results folder has them
  --results  folder for the results, one JSON file for each case, written when the case ends
  --resume   leaves out cases that the results folder already has
  --write    puts the table into docs/reliability.md`;

async function runCase(one: FaultCase, scale: Scale): Promise<CaseResult> {
  const began = Date.now();
  const log = (text: string): void => console.log(`  ${new Date().toISOString().slice(11, 19)} ${text}`);
  console.log(`Case ${one.number}: ${one.title}`);
  const result = { number: one.number, title: one.title, scale, commit: commitOf() };
  const finish = (): { finishedAt: string; seconds: number } => ({
    finishedAt: new Date().toISOString(),
    seconds: Math.round((Date.now() - began) / 1000),
  });
  try {
    return { ...result, rows: await one.run(scale, log), ...finish() };
  } catch (error) {
    console.error(error);
    return { ...result, rows: [], error: error instanceof Error ? error.message : String(error), ...finish() };
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      short: { type: "boolean", default: false },
      only: { type: "string" },
      results: { type: "string" },
      resume: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const scale: Scale = values.short ? "short" : "long";
  const folder = values.results
    ? path.resolve(process.env.INIT_CWD ?? process.cwd(), values.results)
    : mkdtempSync(path.join(tmpdir(), "meditwin-faults-results-"));
  const wanted = values.only?.split(",").map(Number);
  const results: CaseResult[] = [];
  for (const one of loadCases()) {
    const known = readResult(folder, one.number);
    if ((wanted && !wanted.includes(one.number)) || (values.resume && known && isAsPromised(known))) {
      if (known) results.push(known);
      continue;
    }
    const result = await runCase(one, scale);
    saveResult(folder, result);
    console.log(`${renderTable([result])}\n  ${result.seconds} s\n`);
    results.push(result);
  }
  if (results.length === 0) throw new Error("There is no such case.");

  const text = `${renderOrigin(results, machine())}\n\n${renderTable(results)}`;
  console.log(`\n${text}\n\nResults: ${folder}`);
  if (values.write) {
    const file = path.join(projectRoot, "docs/reliability.md");
    writeFileSync(file, putBetweenMarkers(readFileSync(file, "utf8"), text));
    console.log(`Written into ${file}`);
  }
  const failed = results.filter((result) => !isAsPromised(result));
  if (failed.length > 0) console.error(`Not as promised: case ${failed.map(({ number }) => number).join(", ")}`);
  return failed.length > 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    console.error(usage);
    process.exit(1);
  },
);
