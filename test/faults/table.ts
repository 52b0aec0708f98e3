import type { FaultRow } from "./fault-case";
import type { CaseResult } from "./results";

const begin = "<!-- faults:begin -->";
const end = "<!-- faults:end -->";

/** The results as a Markdown table. A control must not hold: that it does not is shown as "fails, as it must". */
export function renderTable(results: readonly CaseResult[]): string {
  const lines = ["| case | what was done | figures | verdict |", "|---|---|---|---|"];
  for (const { number, rows, error, title } of results) {
    for (const row of rows) {
      const { done, figures } = row;
      const shown = Object.entries(figures)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ");
      lines.push(`| ${number} | ${cell(done)} | ${cell(shown)} | ${verdictOf(row)} |`);
    }
    if (error !== undefined) lines.push(`| ${number} | ${cell(title)} | ${cell(error)} | **BROKE OFF** |`);
  }
  return lines.join("\n");
}

function verdictOf({ held, isControl, isBeyond }: FaultRow): string {
  if (isBeyond) return held ? "held, beyond the promise" : "beyond the promise";
  if (isControl) return held ? "**CONTROL HELD**" : "fails, as it must";
  return held ? "holds" : "**DOES NOT HOLD**";
}

const cell = (text: string): string => text.replace(/\s+/g, " ").replaceAll("|", "\\|");

/** Which run the results are of: date, commits, form. */
export function renderOrigin(results: readonly CaseResult[], machine: string): string {
  const dates = [...new Set(results.map(({ finishedAt }) => finishedAt.slice(0, 10)))].sort();
  const commits = [...new Set(results.map(({ commit }) => commit))];
  const scales = [...new Set(results.map(({ scale }) => scale))];
  const minutes = Math.round(results.reduce((sum, { seconds }) => sum + seconds, 0) / 60);
  return `Run on ${dates.join(" and ")} at commit ${commits.map((one) => `\`${one}\``).join(", ")}, ${scales.join(" and ")} form, ${minutes} minutes. Machine: ${machine}.`;
}

/** Puts the text between the markers of the document. */
export function putBetweenMarkers(document: string, text: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The document has no ${begin} and ${end}.`);
  return `${document.slice(0, from + begin.length)}\n${text}\n${document.slice(to)}`;
}
