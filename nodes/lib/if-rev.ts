import type { TwinDocument } from "../../engine/contract/document";
import { quote, Refusal, refuse } from "../../engine/contract/errors";
import type { Message } from "./node-red";

/** The refusal when `msg.ifRev` asks for another revision than the present one; undefined when it fits or asks for none. */
export function conflictOf(msg: Message, id: string, current: TwinDocument | undefined): Refusal | undefined {
  if (msg.ifRev === undefined || msg.ifRev === null) return undefined;
  const rev = current?.rev ?? 0;
  if (Number(msg.ifRev) === rev) return undefined;
  return new Refusal(
    {
      ...refuse(
        "version-conflict",
        `msg.ifRev is ${quote(msg.ifRev)}, but ${id} is at rev ${rev}.`,
        "Read the twin again and decide anew.",
      ),
      rev,
    },
    { rev },
  );
}
