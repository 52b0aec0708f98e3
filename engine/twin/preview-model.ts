import type { ErrorCode } from "../contract/errors";
import type { Quality, Scalar } from "../contract/messages";
import type { PropertySpec, TwinModel } from "../contract/model";
import { own } from "../contract/own";
import { createCalibrationCheck } from "../ingest/calibration";
import { checkValues } from "./check-values";
import { reportSample } from "./report";

/** `outside-spec`: beyond lsl or usl, which is shown and not refused. `not-given`: the sample says nothing of it. */
export type Verdict =
  | "ok"
  | "uncertain"
  | "bad"
  | "outside-spec"
  | "left-out"
  | "unknown-kept"
  | "not-given"
  | ErrorCode;

/** What a model makes of one property of a sample. */
export interface PropertyVerdict {
  name: string;
  verdict: Verdict;
  /** Whether it would have the sample refused. */
  refused: boolean;
  isDerived: boolean;
  unit: string;
  /** The value that the twin would have. */
  value?: Scalar;
  /** Before calibration. */
  raw?: Scalar;
  message?: string;
  hint?: string;
}

/**
 * What `twin-ingest` and `twin-state` would make of a sample with this model, property by property: those of the sample first,
 * as they stand there, then the others of the model. A sample with one refused property is refused whole; here the others are
 * looked at all the same.
 *
 * @param values flat, as they came
 * @param ts ms since 1970-01-01 UTC
 */
export function previewModel(model: TwinModel, values: Record<string, unknown>, ts: number): PropertyVerdict[] {
  const markCalibration = createCalibrationCheck(model);
  const good: Record<string, Scalar> = {};
  const given = Object.keys(values).map((name): PropertyVerdict => {
    const spec = model.properties.get(name);
    const about = { name, isDerived: spec?.expression !== undefined, unit: spec?.unit ?? "" };
    const checked = checkValues(model, { [name]: values[name] }, { calibrateAllBut: {} });
    if ("error" in checked) {
      const { code, message, hint } = checked.error;
      return { ...about, verdict: code, refused: true, message, hint };
    }
    const value = own(checked.values, name);
    if (value === undefined) return { ...about, verdict: "left-out", refused: false };
    good[name] = value;
    const raw = checked.raw && own(checked.raw, name);
    const verdict = spec
      ? verdictOn(spec, value, markCalibration?.({ [name]: value }, ts, undefined)?.[name])
      : "unknown-kept";
    return { ...about, verdict, refused: false, value, ...(raw === undefined ? {} : { raw }) };
  });

  const quality = markCalibration?.(good, ts, undefined);
  const { document } = reportSample(undefined, { id: "preview", ts, values: good, quality }, { model, now: ts });
  const others = [...model.properties.values()].filter(({ name }) => !Object.hasOwn(values, name));
  return [
    ...given,
    ...others.map((spec): PropertyVerdict => {
      const { name, unit } = spec;
      const isDerived = spec.expression !== undefined;
      const meta = own(document.meta, name);
      if (!isDerived || !meta) return { name, unit, isDerived, verdict: "not-given", refused: false };
      const value = own(document.reported, name);
      if (value !== undefined)
        return { name, unit, isDerived, verdict: verdictOn(spec, value, meta.quality), refused: false, value };
      return {
        name,
        unit,
        isDerived,
        verdict: "bad",
        refused: false,
        message: whyUnknown(model, name, document.reported),
      };
    }),
  ];
}

function verdictOn(spec: PropertySpec, value: Scalar, quality: Quality = "good"): Verdict {
  if (value === null) return "bad";
  if (quality !== "good") return quality;
  if (typeof value !== "number") return "ok";
  const { lsl = Number.NEGATIVE_INFINITY, usl = Number.POSITIVE_INFINITY } = spec;
  return value < lsl || value > usl ? "outside-spec" : "ok";
}

function whyUnknown(model: TwinModel, name: string, reported: Record<string, Scalar>): string {
  const expression = model.derived?.find(({ spec }) => spec.name === name)?.expression;
  let why = "";
  const value = expression?.evaluate(
    (input) => own(reported, input),
    (problem) => {
      why = problem;
    },
  );
  return value === undefined ? why : `${value} is out of range.`;
}
