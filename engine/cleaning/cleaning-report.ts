import type { ErrorCode, RefusalInfo } from "../contract/errors";
import { isMissing, type Row } from "../contract/messages";
import { change } from "./lane";
import type { GridReport } from "./resample-table";

/** How many cells of one property went through which change, in the rows that go on. */
export interface PropertyChanges {
  /** Type or representation changed, such as "45.7" to 46. */
  converted: number;
  /** Values that the rule names as standing for "no reading". */
  sentinels: number;
  /** Kept although out of range, stuck, changed too fast or an outlier, and marked so. */
  marked: number;
  /** Stuck, changed too fast or an outlier, and made missing for that: what is filled then counts as filled too. */
  removed: number;
  /** Set to the nearer end of the range. */
  clamped: number;
  /** Outliers replaced by the centre of what they were judged by. */
  replaced: number;
  /** Missing before, a value now. */
  filled: number;
  smoothed: number;
  /** Held at the last value by the deadband. */
  held: number;
  /** Rows dropped because of this property. */
  dropped: number;
  /** Missing before and after. */
  stillMissing: number;
  /** Text among the numbers of a column, which a rule for `*` leaves alone. */
  passedOver: number;
}

/** A cell of a table that was kept although the rule speaks against it. */
export interface Mark {
  /** Row of the table that came in, from 0. */
  index: number;
  property: string;
  code: "out-of-range" | "stuck" | "too-fast" | "outlier";
}

/** `msg.report` of twin-clean. */
export interface CleaningReport {
  rows: { in: number; out: number; dropped: number };
  /** Rows dropped, by reason. */
  reasons: Partial<Record<ErrorCode, number>>;
  /** Cells of the rows that go on whose value is another than before. */
  changed: number;
  properties: Record<string, PropertyChanges>;
  /** Rows that were put in order of time: those older than one before them. */
  moved?: number;
  /** With resampling: `rows.out` counts the rows of the grid. */
  grid?: GridReport;
  /** Labels of properties made categories: a code is the place in the list, from 0. */
  categories?: Record<string, readonly string[]>;
  /** Tables only, which have no quality beside the value: the first 1,000 marked cells. */
  marks?: Mark[];
}

/** What one rule did to one property: the flags of the cells in `rows`. */
export interface Touch {
  property: string;
  rows: number[];
  flags: number[];
}

const maxMarks = 1000;

const spokenAgainst = change.outOfRange | change.stuck | change.tooFast | change.outlier;

/** Whether the value stands although a step spoke against it. */
const isMarked = (bits: number): boolean => (bits & spokenAgainst) !== 0 && (bits & change.removed) === 0;

/** The first step that spoke against the value. */
const codeOf = (bits: number): Mark["code"] =>
  bits & change.outOfRange
    ? "out-of-range"
    : bits & change.stuck
      ? "stuck"
      : bits & change.tooFast
        ? "too-fast"
        : "outlier";

/**
 * Counts what was done. Changes to rows that are dropped in the end are not counted: those leave as they came.
 *
 * @param rows as they came
 * @param outs the changed copies
 */
export function reportOf(
  rows: readonly Row[],
  outs: readonly (Row | undefined)[],
  errors: readonly (RefusalInfo | undefined)[],
  touches: readonly Touch[],
  withMarks: boolean,
  categories: CleaningReport["categories"],
): CleaningReport {
  const properties: Record<string, PropertyChanges> = {};
  const of = (property: string): PropertyChanges => {
    if (!Object.hasOwn(properties, property)) properties[property] = nothing();
    return properties[property]!;
  };
  const marks: Mark[] = [];
  /** Cells that are counted as missing, by property: several rules may leave one so, and a later one may fill it. */
  const missing = new Map<string, Uint8Array>();
  for (const { property, rows: indexes, flags } of touches) {
    const counts = of(property);
    for (let i = 0; i < flags.length; i++) {
      const bits = flags[i]!;
      const row = indexes[i]!;
      if (bits === 0 || errors[row] !== undefined) continue;
      count(counts, bits);
      if (bits & change.stillMissing && isMissing(cellOf(outs[row] ?? rows[row]!, property))) {
        const seen = missing.get(property) ?? new Uint8Array(rows.length);
        missing.set(property, seen);
        if (seen[row] === 0) counts.stillMissing++;
        seen[row] = 1;
      }
      if (withMarks && isMarked(bits) && marks.length < maxMarks)
        marks.push({ index: row, property, code: codeOf(bits) });
    }
  }
  const reasons: Partial<Record<ErrorCode, number>> = {};
  let dropped = 0;
  let changed = 0;
  for (let i = 0; i < rows.length; i++) {
    const error = errors[i];
    if (error !== undefined) {
      dropped++;
      reasons[error.code] = (reasons[error.code] ?? 0) + 1;
      if (error.property !== undefined) of(error.property).dropped++;
      continue;
    }
    const out = outs[i];
    if (out === undefined) continue;
    for (const property in properties)
      if (Object.hasOwn(out, property) && isChange(rows[i]![property], out[property])) changed++;
  }
  return {
    rows: { in: rows.length, out: rows.length - dropped, dropped },
    reasons,
    changed,
    properties,
    ...(categories && { categories }),
    ...(marks.length > 0 ? { marks } : {}),
  };
}

/** What stands in a cell; null where the row has none. */
export const cellOf = (row: Row, property: string): unknown => (Object.hasOwn(row, property) ? row[property] : null);

/** A blank that leaves as null is the same "missing" in another form. */
const isChange = (before: unknown, after: unknown): boolean =>
  after === null ? !isMissing(before) : !Object.is(before, after);

function nothing(): PropertyChanges {
  return {
    converted: 0,
    sentinels: 0,
    marked: 0,
    removed: 0,
    clamped: 0,
    replaced: 0,
    filled: 0,
    smoothed: 0,
    held: 0,
    dropped: 0,
    stillMissing: 0,
    passedOver: 0,
  };
}

function count(counts: PropertyChanges, bits: number): void {
  if (bits & change.converted) counts.converted++;
  if (bits & change.sentinel) counts.sentinels++;
  if (isMarked(bits)) counts.marked++;
  if (bits & change.removed) counts.removed++;
  if (bits & change.clamped) counts.clamped++;
  if (bits & change.replaced) counts.replaced++;
  if (bits & change.filled) counts.filled++;
  if (bits & change.smoothed) counts.smoothed++;
  if (bits & change.held) counts.held++;
  if (bits & change.passedOver) counts.passedOver++;
}
