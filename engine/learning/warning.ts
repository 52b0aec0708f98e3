/** Something that who relies on a model should know. */
export interface Warning {
  code: WarningCode;
  /** In sentences: what `warnings` of the report has. */
  text: string;
  /** What the text names, for who says it in another language. */
  values: WarningValues;
}

export type WarningCode = keyof typeof warningTexts;
type WarningValues = Record<string, string | number>;

/** In braces: names of the values. */
export const warningTexts = {
  "rows-left-out": "{rows} rows were left out because a feature is missing in them: {features}.",
  "column-empty": "{column} is empty in every row and was left out.",
  "many-texts":
    "{column} has {texts} different texts in {rows} rows, like a name or serial number: a model that learns it by heart knows nothing about new rows.",
  imbalanced:
    "{mostShare} % of the rows are {most}, {leastShare} % are {least}: always answering {most} has an accuracy of {mostShare} %. Judge by f1 and rocAuc.",
  "no-threshold":
    "No threshold could be tried: too few rows of one class. The one given is right where probabilities are.",
  "out-of-bag-flatters":
    "outOfBag is too good where rows of one {split} are alike: trees know those that they have not seen.",
  outliers: "{rows} rows lie so far off that they were not used for the coefficients.",
  inflated:
    "{columns} can nearly be computed from the other features (VIF above {limit}): predictions hold, but their coefficients say little one by one. Leave some out, or use ridge.",
  "far-from-zero":
    "{column} is so far from 0 that the coefficient a, the value at {at}, is beyond what a number can hold. Predictions do not use it; subtract a constant from {column} to read it.",
  "no-importance": "No permutation importance: {metric} cannot be computed of these rows.",
  correlated: "Correlated features share their permutation importance, and each looks worth less than it is: {pairs}.",
  "intervals-narrow":
    "Intervals of {level} % hold {coverage} % of the held-out rows: these are of another time or kind than those learned from, or the model does not fit.",
  shifted:
    "r2 is below 0: the mean of the held-out rows would predict them better. Their {target} is {there} on the mean, that of the rows learned from {here}.",
} as const;

/** Fills the text of a code. */
export function warningOf(code: WarningCode, values: WarningValues = {}): Warning {
  const text = warningTexts[code].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));
  return { code, text, values };
}
