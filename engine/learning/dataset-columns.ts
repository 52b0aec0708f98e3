import { quote, Refusal, refuse } from "../contract/errors";
import type { Row, Table } from "../contract/messages";
import { own } from "../contract/own";
import { checkColumnName, checkRowCount } from "../contract/table";
import { type CellKind, kindOfCell } from "./cells";
import type { DatasetOptions } from "./dataset-builder";

/** What the cells of one column hold: how many of each kind, and the first row of each. */
export interface Seen {
  name: string;
  count: Record<CellKind, number>;
  first: Partial<Record<CellKind, number>>;
}

/** More columns than this are refused. The forest's node format has 15 bits for a feature. */
export const maxColumns = 30_000;

/** Looks at rows one after another and remembers which columns there are and what they hold. */
export function columnScan(
  fixed: readonly string[],
  collectsAll: boolean,
): { look(row: Row): void; columns: Map<string, Seen> } {
  const columns = new Map<string, Seen>();
  for (const name of fixed) columns.set(name, unseen(name, 0));
  let list = [...columns.values()];
  let at = 0;
  return {
    columns,
    look(row) {
      if (collectsAll) {
        for (const name in row) {
          if (columns.has(name) || !Object.hasOwn(row, name)) continue;
          checkColumnName(name);
          if (columns.size >= maxColumns)
            throw new Refusal(
              refuse("too-large", `The table has more than ${maxColumns} columns.`, "List the features to use."),
            );
          columns.set(name, unseen(name, at)); // the rows before this one did not have the column
          list = [...columns.values()];
        }
      }
      for (let i = 0; i < list.length; i++) {
        const column = list[i]!;
        const kind = kindOfCell(own(row, column.name));
        if (column.count[kind]++ === 0) column.first[kind] = at;
      }
      at++;
    },
  };
}

const unseen = (name: string, missing: number): Seen => ({
  name,
  count: { missing, number: 0, boolean: 0, text: 0, bad: 0 },
  first: missing > 0 ? { missing: 0 } : {},
});

/**
 * Columns that are never features, and among them those that the split needs. A column named for another split than the
 * chosen one need not be there.
 */
export function specialColumns({ target, split, splitColumn = "", groupColumn = "" }: DatasetOptions): {
  all: string[];
  needed: string[];
} {
  if (split === "column" && splitColumn === "")
    throw new Refusal(
      refuse(
        "bad-request",
        "The split by column needs a splitColumn.",
        "Name the column whose rows saying test are held out.",
      ),
    );
  if (split === "group" && groupColumn === "")
    throw new Refusal(
      refuse(
        "bad-request",
        "The split by group needs a groupColumn.",
        "Name the column that tells the groups apart, such as batch.",
      ),
    );
  const needed = [target];
  if (split === "column" || split === "time") needed.push(splitColumn);
  if (split === "group") needed.push(groupColumn);
  const named = (names: string[]): string[] => [...new Set(names)].filter((name) => name !== "");
  return { all: named([target, splitColumn, groupColumn]), needed: named(needed) };
}

/** Refuses what is no table, an empty one, and one with more than `maxRows` rows. */
export function checkTable(table: Table, options: DatasetOptions): void {
  if (!Array.isArray(table))
    throw new Refusal(
      refuse(
        "bad-payload",
        "Training needs a table: a list of rows, each an object with a value for each column.",
        "Send what the csv node or twin-query gives.",
      ),
    );
  checkRowCount(table.length, options.maxRows ?? 0, "Train on fewer rows or raise maxRows.");
  if (!options.target)
    throw new Refusal(
      refuse(
        "schema-mismatch",
        "No target column is named.",
        `Name the column to predict. The table has ${columnsOf(table)}.`,
      ),
    );
}

/** Refuses a column that no row has, naming those that there are. */
export function checkPresent(table: Table, column: Seen): void {
  if (column.count.missing < table.length) return;
  const exists = table.some((row) => Object.hasOwn(row, column.name));
  throw new Refusal(
    refuse(
      "schema-mismatch",
      exists ? `The column ${quote(column.name)} is empty in every row.` : `There is no column ${quote(column.name)}.`,
      exists
        ? "Choose another column, or fill its blanks with twin-clean first."
        : `The table has ${columnsOf(table)}.`,
      { property: column.name },
    ),
  );
}

/** Numbers or categories. Refuses a column that is neither cleanly. */
export function kindOfFeature(column: Seen, table: Table): "number" | "category" {
  const { count, first, name } = column;
  if (count.bad > 0) throw badCell(column, table);
  if (count.text === 0) return "number";
  if (count.number <= count.text) return "category";
  throw new Refusal(
    refuse(
      "wrong-type",
      `The feature ${quote(name)} has ${count.number} numbers and ${count.text} texts, the first ${quote(own(table[first.text!]!, name))} in row ${first.text}.`,
      "Make the texts numbers or blanks with twin-clean, or leave the feature out.",
      { property: name, index: first.text! },
    ),
  );
}

/** Refuses a target that a regression cannot use. */
export function checkTarget(column: Seen, table: Table, task: DatasetOptions["task"]): void {
  const { count, first, name } = column;
  if (count.bad > 0) throw badCell(column, table);
  if (task === "classification" || count.text === 0) return;
  throw new Refusal(
    refuse(
      "wrong-type",
      `A regression predicts a number, but the target ${quote(name)} has ${count.text} texts, the first ${quote(own(table[first.text!]!, name))} in row ${first.text}.`,
      count.number > 0
        ? "Make the texts numbers or blanks with twin-clean."
        : "Choose a column of numbers, or forest-classifier, which predicts classes.",
      { property: name, index: first.text! },
    ),
  );
}

function badCell({ name, first }: Seen, table: Table): Refusal {
  const index = first.bad!;
  return new Refusal(
    refuse(
      "wrong-type",
      `${quote(name)} is ${quote(own(table[index]!, name))} in row ${index}.`,
      "A cell is a finite number, a text, true, false or blank.",
      { property: name, index },
    ),
  );
}

/** The names of the table's columns, from its first rows, for an error text. */
function columnsOf(table: Table): string {
  const names = new Set<string>();
  for (const row of table.slice(0, 20)) for (const name of Object.keys(row ?? {})) names.add(name);
  if (names.size === 0) return "no columns";
  const shown = [...names].slice(0, 40).map((name) => quote(name));
  return `the columns ${shown.join(", ")}${names.size > shown.length ? ` and ${names.size - shown.length} more` : ""}`;
}
