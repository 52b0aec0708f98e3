import { type CommandRecord, shownOf } from "../../engine/command/command-record";
import { type ErrorCode, type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { Host } from "../lib/define-node";
import type { Message } from "../lib/node-red";
import type { TwinCollection } from "../twin-store/store";

const hints: Partial<Record<ErrorCode, string>> = {
  "device-refused": "Its own code and text stand in msg.command.",
  "timed-out": "It may have happened: look at what the machine reports before you command again.",
  cancelled: "The later one counts.",
  interlocked: "Bring the machine into that state, and command again.",
  expired: "Command again, if it is still wanted.",
};

/** Puts the end of a command on the outputs. */
export function createAnswers(host: Host, twins: TwinCollection) {
  /** `msg` with the command's end, for output 1 or 2. `msg.payload` becomes the result, or the document with what is desired. */
  async function outgoing(msg: Message, record: CommandRecord, repeated = false): Promise<(Message | null)[]> {
    const { kind, state, result, twin } = record;
    const command = { ...shownOf(record), ...(repeated ? { repeated } : {}) };
    if (state !== "acknowledged") return [null, host.refused(msg, infoOf(record), { command }), null];
    const out: Message = { ...msg, command };
    if (kind === "action" && result !== undefined) out.payload = structuredClone(result);
    if (kind === "desired") out.payload = structuredClone(await twins.get(twin));
    return [out, null, null];
  }

  return {
    outgoing,
    async answer(msg: Message, record: CommandRecord): Promise<void> {
      host.send(await outgoing(msg, record));
      const params = { twin: record.twin, name: record.name, text: record.text };
      if (record.state === "acknowledged") host.show("ok", host.text("status.acknowledged", params));
      else host.show("refused", host.text(`status.${record.state}`, params));
    },
  };
}

function infoOf({ kind, name, twin, code, text = "", error = "device-refused" }: CommandRecord): RefusalInfo {
  const what = kind === "action" ? name : "what is desired";
  const message =
    error === "device-refused" ? `${twin} refused ${what}: ${text} (${code}).` : `${twin}, ${what}: ${text}.`;
  return refuse(error, error === "interlocked" || error === "expired" ? text : message, hints[error] ?? "");
}
