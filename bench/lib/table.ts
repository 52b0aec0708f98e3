import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import type { Row } from "../cases/bench-case";
import { root } from "./processes";

export function toMarkdown(rows: readonly Row[]): string {
  const lines = ["| measured | median (spread) | ratio | goal |", "|---|---|---|---|"];
  for (const { what, value, ratio = "", goal = "", met } of rows)
    lines.push(`| ${what} | ${value} | ${ratio} | ${goal}${met === undefined ? "" : met ? ", met" : ", **missed**"} |`);
  return lines.join("\n");
}

const marks = { begin: "<!-- results: written by npm run bench -- --write -->", end: "<!-- end of results -->" };

/** Replaces the results in docs/performance.md and leaves its text alone. */
export function writeResults(results: readonly { title: string; rows: readonly Row[] }[]): void {
  const file = path.join(root, "docs/performance.md");
  const text = existsSync(file) ? readFileSync(file, "utf8") : `# Performance\n\n${marks.begin}\n${marks.end}\n`;
  const begin = text.indexOf(marks.begin);
  const end = text.indexOf(marks.end);
  if (begin < 0 || end < begin) throw new Error(`${file} lacks the line ${marks.begin} or ${marks.end}.`);
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
  const [{ model = "" } = {}] = cpus();
  const head = `${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${cpus().length} cores (${model.trim()}), Node.js ${process.version}`;
  const tables = results.map(({ title, rows }) => `### ${title}\n\n${toMarkdown(rows)}`);
  const body = [marks.begin, head, ...tables, ""].join("\n\n");
  writeFileSync(file, text.slice(0, begin) + body + text.slice(end));
}
