import { quote, Refusal, refuse } from "../contract/errors";
import { isTwinId } from "../contract/identity";
import { isMissing, type Row } from "../contract/messages";
import { isSentinel } from "./check-values";
import type { Group } from "./clean-rows";
import type { CleaningRule } from "./cleaning-rule";
import { convertValue, wrongType } from "./convert-value";
import { newMemory } from "./lane";
import { toTime } from "./read-times";

/**
 * Milliseconds of each row, NaN where a cell holds no time: read by the rule that converts the column to times, where there is one.
 * Refuses (`bad-time`) a table without any.
 *
 * @param why what goes by time, as a sentence begins with it
 */
export function timesOfTable(
  rows: readonly Row[],
  column: string | undefined,
  rules: readonly CleaningRule[],
  why: string,
): number[] {
  if (rows.length === 0) return [];
  const rule = rules.find(({ property, convert }) => property === column && convert === "time");
  const times =
    column === undefined ? [] : rows.map((row) => (rule ? converted(row[column], rule) : toTime(row[column])));
  if (column === undefined || times.every(Number.isNaN))
    throw new Refusal(
      refuse(
        "bad-time",
        column === undefined
          ? `${why} by time, and the table has no column time, ts, timestamp, datetime or date.`
          : `${why} by time, and the column ${quote(column)} holds no times: its first cell is ${quote(rows[0]![column])}.`,
        "Name the column of times in the node, give ISO times or milliseconds, or count rows instead.",
      ),
    );
  return times;
}

function converted(cell: unknown, rule: CleaningRule): number {
  const ts = isMissing(cell) ? undefined : convertValue(cell, rule);
  return typeof ts === "number" ? ts : Number.NaN;
}

/** Whether a table looks like that of several twins, as twin-query makes it. */
export function looksLikeTwins(rows: readonly Row[], time: string | undefined): boolean {
  if (time !== "time" || rows.length === 0 || !Object.hasOwn(rows[0]!, "id")) return false;
  const ids = new Set<unknown>();
  for (const row of rows) {
    if (!isTwinId(row.id)) return false;
    ids.add(row.id);
  }
  return ids.size < rows.length;
}

/** The rows of a table by whose they are, in the order given. */
export function groupsOfTable(
  rows: readonly Row[],
  sequence: readonly number[],
  time: string | undefined,
  owner: string | undefined,
): Group[] {
  return indexesByOwner(rows, sequence, owner).map((indexes): Group => {
    const numbers = new Map<CleaningRule, string[]>();
    return {
      rows: indexes,
      numbers(rule) {
        const found = numbers.get(rule) ?? numberColumns(rows, indexes, rule, new Set([time, owner]));
        numbers.set(rule, found);
        return found;
      },
      memory: newMemory,
    };
  });
}

function indexesByOwner(rows: readonly Row[], sequence: readonly number[], owner: string | undefined): number[][] {
  if (owner === undefined) return [[...sequence]];
  const groups = new Map<unknown, number[]>();
  for (const i of sequence) {
    const cell = rows[i]![owner];
    const key = isMissing(cell) ? null : cell;
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.values()];
}

/** Columns that hold a number, or nothing at all. With a conversion, text that is a plain number counts as one. */
function numberColumns(
  rows: readonly Row[],
  indexes: readonly number[],
  rule: CleaningRule,
  except: ReadonlySet<string | undefined>,
): string[] {
  const holdsNumber = new Map<string, boolean | undefined>();
  for (const index of indexes) {
    const row = rows[index]!;
    for (const name of Object.keys(row)) {
      if (holdsNumber.get(name) === true) continue;
      const cell = row[name];
      if (isMissing(cell) || isSentinel(cell, rule.sentinels)) {
        if (!holdsNumber.has(name)) holdsNumber.set(name, undefined);
      } else
        holdsNumber.set(
          name,
          typeof cell === "number" ||
            (rule.convert !== "none" && typeof cell === "string" && convertValue(cell, rule) !== wrongType),
        );
    }
  }
  // "__proto__" as a key of parsed JSON is not a column that anything may be written to.
  return [...holdsNumber]
    .filter(([name, is]) => is !== false && !except.has(name) && name !== "__proto__")
    .map(([name]) => name);
}
