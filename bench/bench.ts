/**
 * npm run bench: what the package does in a second, side by side with what there is without it, as ratios.
 *
 *     npm run bench -- --only throughput --rounds 5 --write
 *
 * --trees 100 grows as many in the large table of the case learning. --write puts the table into docs/performance.md, with date, commit and cores.
 */
import { parseArgs } from "node:util";
import type { BenchCase, Row } from "./cases/bench-case";
import { describe } from "./cases/describe";
import { influx } from "./cases/influx";
import { latency } from "./cases/latency";
import { learning } from "./cases/learning";
import { link } from "./cases/link";
import { pictures } from "./cases/pictures";
import { scale } from "./cases/scale";
import { state } from "./cases/state";
import { throughput } from "./cases/throughput";
import { createScope } from "./lib/processes";
import { toMarkdown, writeResults } from "./lib/table";

const cases: BenchCase[] = [throughput, latency, influx, scale, state, describe, pictures, link, learning];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true },
      rounds: { type: "string", default: "5" },
      trees: { type: "string", default: "20" },
      write: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is "${values.rounds}": use a whole number.`);
  const trees = Number(values.trees);
  if (!Number.isInteger(trees) || trees < 1) throw new Error(`--trees is "${values.trees}": use a whole number.`);
  const names = cases.map(({ name }) => name);
  for (const name of values.only ?? [])
    if (!names.includes(name)) throw new Error(`--only is "${name}": use ${names.join(", ")}.`);

  const results: { title: string; rows: Row[] }[] = [];
  for (const { name, title, run } of cases) {
    if (values.only && !values.only.includes(name)) continue;
    console.log(`\n== ${name}: ${title}`);
    const begun = performance.now();
    const scope = createScope();
    const end = (): void => void scope.end().then(() => process.exit(130));
    process.once("SIGINT", end);
    try {
      const rows = await run({ scope, rounds, trees, log: (text) => console.log(`   ${text}`) });
      results.push({ title, rows });
      console.log(`\n${toMarkdown(rows)}`);
    } finally {
      process.off("SIGINT", end);
      await scope.end();
    }
    console.log(`   (${Math.round((performance.now() - begun) / 1000)} s)`);
  }
  if (values.write) writeResults(results);
  const missed = results.flatMap(({ rows }) => rows).filter(({ met }) => met === false);
  console.log(missed.length === 0 ? "\nAll goals are met." : `\nMissed: ${missed.map(({ what }) => what).join("; ")}.`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
