import { quote, Refusal, refuse } from "../contract/errors";
import type { Dataset } from "./dataset";

/** Refuses a table of which no row is left. */
export function checkSomeRows(complete: Dataset, given: Dataset): void {
  if (complete.rows > 0) return;
  const { name } = given.target;
  const worst = given.features.reduce((a, b) => (b.missing > a.missing ? b : a));
  throw new Refusal(
    given.rows === 0
      ? refuse(
          "too-few-rows",
          `The target ${quote(name)} is missing in every row.`,
          "Send rows in which it has been measured.",
          { property: name },
        )
      : refuse(
          "too-few-rows",
          `No row has all features; ${quote(worst.name)} is missing in ${worst.missing} of ${given.rows}.`,
          "Leave that feature out, fill blanks with twin-clean, or use a forest with the engine meditwin, which copes with them.",
          { property: worst.name },
        ),
  );
}

/** Where rows are too few, says how many more there would be. */
export function withHeldOut<T>(heldOut: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "too-few-rows" || heldOut === 0) throw error;
    const { info } = error;
    const held = `${heldOut} more ${heldOut === 1 ? "row is" : "rows are"} held out to judge by.`;
    throw new Refusal({ ...info, message: `${info.message} ${held}` });
  }
}

/** Of fewer rows hardly two trees would see different ones, and a division has nothing to divide. */
const fewestForestRows = 4;

export function checkForestRows({ rows, target }: Dataset): void {
  if (rows < fewestForestRows)
    throw new Refusal(
      refuse(
        "too-few-rows",
        `${rows} ${rows === 1 ? "row" : "rows"} to learn from cannot grow a forest: each tree draws its own rows from them, and ${fewestForestRows} is the least that can differ.`,
        "Collect more rows: some tens for a trial, some hundreds for use. testSize 0 learns from all of them.",
      ),
    );
  if (!target.labels) return;
  const first = target.values[0]!;
  if (target.values.some((value) => value !== first)) return;
  throw new Refusal(
    refuse(
      "too-few-rows",
      `All ${rows} rows to learn from are of the class ${quote(target.labels[first])}, so there is nothing to tell apart.`,
      "Send rows of at least two classes.",
      { property: target.name },
    ),
  );
}

export function refuseSplitColumn(lacksTest: boolean): never {
  throw new Refusal(
    refuse(
      "too-few-rows",
      `${lacksTest ? "No" : "Every"} row says test in the split column.`,
      "Write test into the rows to hold out, and anything else into the others.",
      { property: "splitColumn" },
    ),
  );
}
