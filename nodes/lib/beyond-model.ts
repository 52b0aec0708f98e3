import type { TwinDocument } from "../../engine/contract/document";
import { Refusal, refuse } from "../../engine/contract/errors";
import type { TwinModel } from "../../engine/contract/model";
import { isBeyond, versionOf } from "../../engine/twin/migrate";

/** A twin that was written with a later version of the model is not for this one to write to. */
export function beyondOf(model: TwinModel | undefined, current: TwinDocument | undefined): Refusal | undefined {
  if (!model || !current || !isBeyond(current, model)) return undefined;
  return new Refusal(
    refuse(
      "schema-mismatch",
      `${current.id} is at version ${versionOf(current)} of the model ${model.model}, this node at version ${model.version}.`,
      "Set the twin-model to the later version, with its properties.",
    ),
  );
}
