import type { Interlock } from "../../engine/command/guard";
import type { TwinModel } from "../../engine/contract/model";
import { compileExpression } from "../../engine/expression/compile-expression";
import { SettingError } from "../lib/settings";

/** The setting as a condition. Throws a `SettingError` that names the place; with a model, for unknown names and types too. */
export function compileInterlock(text: string, model: TwinModel | undefined): Interlock | undefined {
  if (text === "") return undefined;
  // Where the model keeps what it does not know, other names may be there.
  const properties = model?.unknown === "keep" ? undefined : model?.properties;
  const condition = compileExpression(text, { expects: "boolean", ...(properties ? { properties } : {}) });
  if ("error" in condition)
    throw new SettingError("interlock", text, `${condition.error.message} ${condition.error.hint}`);
  return { text, condition };
}
