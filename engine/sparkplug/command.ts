import { quote, Refusal, refuse } from "../contract/errors";
import type { Scalar } from "../contract/messages";
import { dataTypes } from "./payload";
import type { Born } from "./read-metrics";

/** A metric of a command (NCMD, DCMD). */
export interface CommandMetric {
  name: string;
  datatype: number;
  value: Scalar;
}

const wholeRanges: Record<number, [low: number, high: number]> = {
  [dataTypes.Int8]: [-128, 127],
  [dataTypes.Int16]: [-32768, 32767],
  [dataTypes.Int32]: [-2147483648, 2147483647],
  [dataTypes.Int64]: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  [dataTypes.UInt8]: [0, 255],
  [dataTypes.UInt16]: [0, 65535],
  [dataTypes.UInt32]: [0, 4294967295],
  [dataTypes.UInt64]: [0, Number.MAX_SAFE_INTEGER],
  [dataTypes.DateTime]: [0, Number.MAX_SAFE_INTEGER],
};
const texts: number[] = [dataTypes.String, dataTypes.Text, dataTypes.UUID];

/** Values as metrics of the types that the birth gave them. Throws a `Refusal` for what the birth does not have, or not so. */
export function commandMetrics({ byName }: Born, values: Readonly<Record<string, Scalar>>): CommandMetric[] {
  return Object.entries(values).map(([name, value]) => {
    const spec = byName.get(name);
    if (!spec)
      throw new Refusal(
        refuse("unknown-property", `${quote(name)} is no metric of the birth.`, "Use a name of the birth.", {
          property: name,
        }),
      );
    const { datatype } = spec;
    if (value !== null && !fits(value, datatype))
      throw new Refusal(
        refuse(
          "wrong-type",
          `${quote(name)} is ${quote(value)}, which its metric cannot hold.`,
          "Use a value of the type in the birth.",
          { property: name },
        ),
      );
    return { name, datatype, value };
  });
}

function fits(value: number | string | boolean, datatype: number): boolean {
  const range = wholeRanges[datatype];
  if (range) return typeof value === "number" && Number.isInteger(value) && value >= range[0] && value <= range[1];
  if (datatype === dataTypes.Float || datatype === dataTypes.Double) return typeof value === "number";
  if (datatype === dataTypes.Boolean) return typeof value === "boolean";
  return texts.includes(datatype) && typeof value === "string";
}
