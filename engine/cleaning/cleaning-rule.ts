import type { Scalar } from "../contract/messages";
import type { LinearConversion } from "./convert-unit";
import type { Span } from "./span";

export const conversions = ["none", "number", "integer", "boolean", "string", "time", "category"] as const;
export const roundings = ["nearest", "truncate"] as const;
export const wrongTypeActions = ["drop", "missing"] as const;
export const decimalMarks = ["auto", "point", "comma"] as const;
export const rangeActions = ["mark", "drop", "clamp"] as const;
export const faultActions = ["mark", "drop", "missing"] as const;
export const missingStrategies = ["keep", "drop", "constant", "ffill", "bfill", "mean", "median", "linear"] as const;
export const fillAxes = ["row", "time"] as const;
export const outlierTests = ["none", "hampel", "zscore", "iqr"] as const;
export const outlierActions = ["mark", "drop", "replace", "missing"] as const;
export const smoothings = ["none", "mean", "median", "ewma", "savitzky-golay"] as const;

/**
 * What is done to one property, or to all that hold numbers, in this order: sentinels, convert, unit, range, stuck, rate,
 * outlier, missing, smooth, deadband. A rule that has been read: every key is there and checked.
 */
export interface CleaningRule {
  /** A property, or `*`: every one that holds numbers. */
  property: string;
  /** Values that stand for "no reading", such as -999 or "n/a". Compared before converting. @default none */
  sentinels: readonly (number | string)[];
  /** Type that the value is made. A step that calculates makes text such as "45.7" a number by itself. @default none */
  convert: (typeof conversions)[number];
  /** How `integer` gets rid of decimals: `nearest` takes halves away from zero, `truncate` cuts off. @default nearest */
  rounding: (typeof roundings)[number];
  /** A value that cannot be converted drops its row, or counts as missing. @default drop */
  onWrongType: (typeof wrongTypeActions)[number];
  /** `number`, `integer`: what parts the decimals in text. `auto` reads what can mean one thing only. @default auto */
  decimal: (typeof decimalMarks)[number];
  /** `time`: IANA zone or offset of times that name none. @default UTC */
  zone: string;
  /** `time`: `auto` (ISO 8601, digits as ms), or a pattern such as `dd.MM.yyyy HH:mm:ss`. @default auto */
  timeFormat: string;
  /** `category`: the labels, code 0 first. Empty: numbered as they come. @default none */
  categories: readonly string[];
  /** Unit that values come in; "": that of the result. @default none */
  fromUnit: string;
  /** Unit of the result. "" together with a `fromUnit`: that of the model, see `withModelUnits`. @default none */
  toUnit: string;
  /** Derived: from `fromUnit` to `toUnit`. */
  unit: LinearConversion | undefined;
  /** Least allowed value, in the unit of the result as all that follows. @default -Infinity */
  min: number;
  /** Greatest allowed value. @default Infinity */
  max: number;
  /** @default mark */
  onRange: (typeof rangeActions)[number];
  /** Rows or time that a value may stay exactly equal. @default without limit */
  stuck: Span | undefined;
  /** @default mark */
  onStuck: (typeof faultActions)[number];
  /** Largest change per second since the last value that was accepted. @default Infinity */
  maxRate: number;
  /** @default mark */
  onRate: (typeof faultActions)[number];
  /** @default none */
  outlier: (typeof outlierTests)[number];
  /** `zscore` by median and scaled MAD, which outliers do not move. @default false */
  robust: boolean;
  /**
   * Earlier values that an outlier is judged by, and length of the smoothing window, the present value included.
   * @default outliers: in a table the whole column, on a stream the last 100 values; smoothing: 5 rows
   */
  window: Span | undefined;
  /** Width of the outlier test: in sd (zscore), scaled MAD (hampel) or interquartile ranges (iqr). @default 3; iqr 1.5 */
  k: number;
  /** @default mark */
  onOutlier: (typeof outlierActions)[number];
  /** @default keep */
  missing: (typeof missingStrategies)[number];
  /** Value of `constant`. */
  fill: Scalar;
  /** How far ffill, bfill and linear carry a value. @default without limit */
  maxGap: Span | undefined;
  /** Whether `linear` goes by the number of the row or by its time. @default row */
  by: (typeof fillAxes)[number];
  /** @default none */
  smooth: (typeof smoothings)[number];
  /** Degree of the polynomial of `savitzky-golay`. @default 2 */
  degree: number;
  /** A value nearer than this to the last one passed on is held at that one. @default 0: off */
  deadband: number;
  /** Derived: whether the steps calculate, so that the values must be numbers. */
  numeric: boolean;
}

/** The property that means "every one that holds numbers". */
export const allNumbers = "*";
