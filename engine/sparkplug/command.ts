import { quote, Refusal, refuse } from "../contract/errors";
import type { Scalar } from "../contract/messages";
import { hasWhole, kindOf } from "./payload";
import type { Born } from "./read-metrics";

/** A metric of a command (NCMD, DCMD). */
export interface CommandMetric {
  name: string;
  datatype: number;
  value: Scalar;
}

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
  const kind = kindOf(datatype);
  return kind === "integer" ? typeof value === "number" && hasWhole(value, datatype) : typeof value === kind;
}
