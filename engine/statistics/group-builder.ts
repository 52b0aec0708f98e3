import { quote, Refusal, refuse } from "../contract/errors";
import { isMissing } from "../contract/messages";
import { compareLabels, labelOfCell } from "../learning/cells";
import type { Label } from "../learning/dataset";
import type { GroupColumn } from "./statistics-table";

/** More groups are refused: such a column is a name or a measurement. */
const maxGroups = 1000;

export interface GroupBuilder {
  add(cell: unknown, row: number): void;
  finish(): GroupColumn;
}

/** The groups of a column: numbers by size, then false and true, then texts; rows without one are a group of their own. */
export function groupBuilder(name: string, rows: number): GroupBuilder {
  const numbers = new Map<Label | null, number>();
  const codes = new Int32Array(rows);
  let hasLabels = false;
  return {
    add(cell, row) {
      if (typeof cell === "object" && cell !== null)
        throw new Refusal(
          refuse(
            "wrong-type",
            `${quote(name)} is ${quote(cell)} in row ${row}.`,
            "A group is a text, number or boolean.",
            {
              property: name,
              index: row,
            },
          ),
        );
      const label = isMissing(cell) ? null : (labelOfCell(cell) ?? null);
      if (label !== null) hasLabels = true;
      let number = numbers.get(label);
      if (number === undefined) {
        number = numbers.size;
        if (number >= maxGroups)
          throw new Refusal(
            refuse(
              "too-large",
              `${quote(name)} has more than ${maxGroups} different values.`,
              "Group by a column with few different values, such as a batch or a machine.",
              { property: name },
            ),
          );
        numbers.set(label, number);
      }
      codes[row] = number;
    },
    finish() {
      if (!hasLabels)
        throw new Refusal(
          refuse(
            "schema-mismatch",
            `by is ${quote(name)}, and no row has such a value.`,
            "Name a column of the table.",
            {
              property: name,
            },
          ),
        );
      const labels = [...numbers.keys()].sort((a, b) => (a === null ? 1 : b === null ? -1 : compareLabels(a, b)));
      const place = new Int32Array(labels.length);
      labels.forEach((label, to) => {
        place[numbers.get(label)!] = to;
      });
      for (let row = 0; row < rows; row++) codes[row] = place[codes[row]!]!;
      return { name, labels, codes };
    },
  };
}
