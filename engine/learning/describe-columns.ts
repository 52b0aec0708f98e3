import { Refusal, refuse } from "../contract/errors";
import type { Table } from "../contract/messages";
import { own } from "../contract/own";
import { checkedRow, checkRowCount } from "../contract/table";
import { correlationRatio, cramersV } from "../statistics/association";
import { finite } from "../statistics/describe-column";
import { pairCorrelation } from "../statistics/pair-correlation";
import { type CellKind, kindOfCell, labelOfCell, numberOfCell } from "./cells";
import type { FeatureColumn, Label, TargetColumn } from "./dataset";
import { numbersRows } from "./leakage";
import { numbering } from "./numbering";
import type { Algorithm } from "./options";
import { tellingOf } from "./tells-target";

/**
 * What a column is for learning. `id`: a number or text of its own for nearly every row. `text`: more different texts than
 * a model could learn from. `mixed`: numbers with a few texts among them, or objects; training refuses it.
 */
export type ColumnType = "number" | "category" | "time" | "text" | "constant" | "id" | "mixed" | "empty";

/** How strongly a column goes with the target, and what that is called. */
export interface Relation {
  method: "pearson" | "eta" | "cramers-v";
  /** -1 to 1 for Pearson's r, else 0 to 1. */
  value: number;
}

export interface DescribedColumn {
  name: string;
  type: ColumnType;
  /** Share of the rows, 0 to 1. */
  missing: number;
  /** Different values. */
  distinct: number;
  relation?: Relation;
  /** By itself it says what the target is, for all rows or for a class: is it known before? */
  tells?: boolean;
  /** Whether it is worth a try as a feature. */
  suggested: boolean;
}

export interface DescribedTable {
  rows: number;
  columns: DescribedColumn[];
  /** Of the target, when there is one that can be learned. */
  algorithm?: Algorithm;
}

/** More columns than a person can look through are refused. */
export const maxDescribed = 1000;

/**
 * Describes the columns of a sample of a table, for somebody who chooses features: what each holds, and how strongly it goes
 * with the target. Two numbers: Pearson's r; a number and a class: eta; two classes: Cramer's V. Throws a {@link Refusal}.
 */
export function describeColumns(table: Table, target = ""): DescribedTable {
  checkRowCount(table.length, 0, "");
  const columns = namesIn(table).map((name) => readColumn(table, name));
  const aim = columns.find(({ name }) => name === target);
  const algorithm = aim && algorithmFor(aim);
  const tells = algorithm ? tellerOf(aim, algorithm) : () => false;
  return {
    rows: table.length,
    columns: columns.map((column) => {
      const relation = algorithm && column !== aim ? relationOf(column, aim, algorithm) : undefined;
      const isTelling = column !== aim && isFeature(column) && tells(column);
      return {
        name: column.name,
        type: column.type,
        missing: 1 - column.present / table.length,
        distinct: column.labels.length,
        ...(relation ? { relation } : {}),
        ...(isTelling ? { tells: true } : {}),
        suggested: column !== aim && isFeature(column) && !isTelling && column.present >= table.length / 2,
      };
    }),
    ...(algorithm ? { algorithm } : {}),
  };
}

function namesIn(table: Table): string[] {
  const names = new Set<string>();
  for (const [index, row] of table.entries())
    for (const name of Object.keys(checkedRow(row, index))) {
      if (name !== "__proto__") names.add(name);
      if (names.size > maxDescribed)
        throw new Refusal(
          refuse(
            "too-large",
            `The table has more than ${maxDescribed} columns.`,
            "Leave out those that are no features.",
          ),
        );
    }
  return [...names];
}

interface ReadColumn {
  name: string;
  type: ColumnType;
  present: number;
  /** NaN where there is no number. */
  numbers: Float64Array;
  /** Index of each row's value in `labels`; -1 where it is missing. */
  codes: Int32Array;
  labels: Label[];
}

interface ReadCell {
  kind: CellKind;
  code: number;
  number: number;
}

function readColumn(table: Table, name: string): ReadColumn {
  const numbers = new Float64Array(table.length);
  const codes = new Int32Array(table.length);
  const counts = { missing: 0, number: 0, boolean: 0, text: 0, bad: 0 };
  const labels: Label[] = [];
  const codeOf = numbering<Label>();
  const read = (cell: unknown): ReadCell => {
    const kind = kindOfCell(cell);
    const label = kind === "bad" ? undefined : labelOfCell(cell);
    const code = label === undefined ? -1 : codeOf.of(label);
    if (label !== undefined) labels[code] = label;
    return { kind, code, number: kind === "bad" ? Number.NaN : numberOfCell(cell) };
  };
  // The same cell is read once: most columns have few different ones.
  const seen = new Map<unknown, ReadCell>();
  for (let row = 0; row < table.length; row++) {
    const cell = own(table[row]!, name);
    const found = seen.get(cell) ?? read(cell);
    seen.set(cell, found);
    counts[found.kind]++;
    numbers[row] = found.number;
    codes[row] = found.code;
  }
  const column = { name, present: table.length - counts.missing, numbers, codes, labels };
  const type = typeOf(column, counts);
  if (type === "time" && counts.text > 0)
    for (const [row, code] of codes.entries()) numbers[row] = code < 0 ? Number.NaN : timeOf(labels[code]!);
  return { ...column, type };
}

function typeOf(
  { present, numbers, labels }: Omit<ReadColumn, "type">,
  { number, boolean, text, bad }: Record<CellKind, number>,
): ColumnType {
  if (present === 0) return "empty";
  if (bad > 0 || (text > 0 && number > text)) return "mixed";
  if (labels.length === 1) return "constant";
  if (text === 0) {
    if (boolean > 0) return "category";
    if (isTime(numbers)) return "time";
    const values = numbers.filter((value) => !Number.isNaN(value));
    return numbersRows({ kind: "number", values }) ? "id" : "number";
  }
  if (labels.filter((label) => isoTime.test(String(label))).length >= 0.95 * labels.length) return "time";
  if (labels.length <= 20 || labels.length <= present / 2) return "category";
  return labels.length > 0.9 * present ? "id" : "text";
}

const isoTime = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/;
/** Without a zone, in that of the machine: for a correlation only the differences count. */
const timeOf = (label: Label): number => Date.parse(String(label).replace(" ", "T").replace(",", "."));
/** The years 2000 and 2100, in ms. */
const [earliest, latest] = [946_684_800_000, 4_102_444_800_000];

const isTime = (numbers: Float64Array): boolean =>
  numbers.every((value) => Number.isNaN(value) || (Number.isInteger(value) && value >= earliest && value < latest));

const isFeature = ({ type }: ReadColumn): boolean => type === "number" || type === "category";

/** What could learn that target: texts and two values are classes, everything else that is measured is a number. */
function algorithmFor({ type, labels }: ReadColumn): Algorithm | undefined {
  if (type === "category" || (type === "number" && labels.length === 2)) return "forest-classifier";
  return type === "number" ? "forest-regressor" : undefined;
}

function relationOf(column: ReadColumn, target: ReadColumn, algorithm: Algorithm): Relation | undefined {
  const ofClasses = algorithm === "forest-classifier";
  const isNumber = column.numbers.some((value) => !Number.isNaN(value)) && column.type !== "category";
  if (column.type === "mixed" || (!isNumber && column.type !== "category")) return undefined;
  const relation = ((): { method: Relation["method"]; value: number } => {
    if (isNumber && ofClasses)
      return { method: "eta", value: correlationRatio(column.numbers, target.codes, target.labels.length) };
    if (isNumber) return { method: "pearson", value: pairCorrelation(column.numbers, target.numbers).r };
    return ofClasses
      ? { method: "cramers-v", value: cramersV(column.codes, target.codes) }
      : { method: "eta", value: correlationRatio(target.numbers, column.codes, column.labels.length) };
  })();
  return finite(relation.value) === null ? undefined : relation;
}

/** Whether a column by itself says what the target is, of the rows that have one; as training warns of it. */
function tellerOf(target: ReadColumn, algorithm: Algorithm): (column: ReadColumn) => boolean {
  const ofClasses = algorithm === "forest-classifier";
  const has = (row: number): boolean => (ofClasses ? target.codes[row]! >= 0 : !Number.isNaN(target.numbers[row]));
  const rows = Uint32Array.from(target.codes.keys()).filter(has);
  const picked = (from: ArrayLike<number>): Float64Array => Float64Array.from(rows, (row) => from[row]!);
  const aim: TargetColumn = ofClasses
    ? { name: target.name, values: picked(target.codes), labels: target.labels }
    : { name: target.name, values: picked(target.numbers) };
  return ({ name, type, numbers, codes, labels }) => {
    const kind = type === "category" ? "category" : "number";
    const values = kind === "number" ? picked(numbers) : picked(codes).map((code) => (code < 0 ? Number.NaN : code));
    const feature: FeatureColumn = { name, kind, values, categories: labels.map(String), missing: 0 };
    return tellingOf(feature, aim) !== undefined;
  };
}
