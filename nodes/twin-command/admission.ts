import { randomUUID } from "node:crypto";
import { type CommandRecord, isSameCommand, lastMoment, shownOf } from "../../engine/command/command-record";
import { guardPerson, guardState, type Interlock } from "../../engine/command/guard";
import { type CommandRequest, readCommand } from "../../engine/command/read-command";
import { errorCodes, quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import { idHint, isTwinId } from "../../engine/contract/identity";
import { conflictOf } from "../lib/if-rev";
import type { Message, Outgoing, Send } from "../lib/node-red";
import { readClientToken, readWho, type Who } from "../lib/who";
import type { CommandLog, TwinCollection } from "../twin-store/store";
import { maxOpen, type OpenCommands } from "./open-commands";
import type { TwinCommandSettings } from "./twin-command.settings";
import type { Wishes } from "./wishes";

export interface AdmissionOptions {
  /** Id of the node. */
  node: string;
  settings: TwinCommandSettings;
  commands: CommandLog;
  twins: Pick<TwinCollection, "get">;
  open: OpenCommands;
  wishes: Wishes;
  interlock: Interlock | undefined;
  /** The message with the recorded end of its command. */
  outgoing(msg: Message, record: CommandRecord, repeated: boolean): Promise<Outgoing>;
}

/**
 * Whether a message becomes a command: who, why, a repeat, time, state, room, in this order; then it is written down. Gives
 * the command to begin; undefined for a repeat, which is answered. Throws a `Refusal`.
 */
export function createAdmission(
  options: AdmissionOptions,
): (msg: Message, send: Send) => Promise<CommandRecord | undefined> {
  const { node, settings, commands, twins, open, wishes, interlock, outgoing } = options;
  function recordOf(request: CommandRequest, msg: Message, who: Who): CommandRecord {
    const now = Date.now();
    const { kind, name, args } = request;
    const last = lastMoment(kind, now, settings.timing);
    const clientToken = readClientToken(msg);
    return {
      id: request.id ?? randomUUID(),
      twin: idOf(msg),
      kind,
      name,
      args,
      ...who,
      ...(clientToken === undefined ? {} : { clientToken }),
      node,
      at: now,
      expires: Math.min(last, request.expires ?? last),
      state: "open",
      attempts: kind === "action" ? 1 : 0,
      sentAt: now,
    };
  }

  /** A repeat is answered as the first was, and never sent. */
  async function repeat(msg: Message, send: Send, record: CommandRecord, known: CommandRecord): Promise<undefined> {
    if (!isSameCommand(record, known) || known.node !== node)
      throw new Refusal(
        refuse("duplicate", `${record.id} is the id of another command.`, "Give each command an id of its own."),
      );
    const present = open.get(known.id) ?? (await commands.get(known.id)) ?? known;
    if (present.state !== "open") send(await outgoing(msg, present, true));
    else if (!open.get(known.id) || !open.wait(known.id, msg)) throw busy(`Too many repeats of ${known.id} wait.`);
    return undefined;
  }

  return async (msg, send) => {
    const request = readCommand(msg.command, msg.payload);
    if ("error" in request) throw new Refusal(request.error);
    const record = recordOf(request, msg, readWho(msg));
    const forbidden = guardPerson(record, settings);
    if (forbidden) {
      const refusal = refused(record, forbidden);
      await commands.addRefusal(refusal);
      throw new Refusal(forbidden, { command: shownOf(refusal) });
    }
    const known = request.id === undefined ? undefined : await commands.get(record.id);
    if (known) return repeat(msg, send, record, known);
    const document = await twins.get(record.twin);
    const conflict = conflictOf(msg, record.twin, document);
    if (conflict) throw conflict;
    if (record.kind === "desired") wishes.check(record, document);
    const stopped = expired(record) ?? guardState(record.twin, document, interlock);
    if (open.size >= maxOpen) throw busy(`${maxOpen} commands of this node are open.`);
    const noted = stopped ? refused(record, stopped) : record;
    // Before it is in the store: another message with its id must find it.
    const isFirst = !stopped && open.get(record.id) === undefined;
    if (isFirst) open.set(record);
    let earlier: CommandRecord | undefined;
    try {
      earlier = await commands.add(noted);
    } catch (error) {
      if (isFirst) open.drop(record.id);
      throw error;
    }
    if (earlier) {
      if (isFirst) open.drop(record.id);
      return repeat(msg, send, record, earlier);
    }
    if (stopped) throw new Refusal(stopped, { command: shownOf(noted) });
    open.wait(record.id, msg);
    return record;
  };
}

function idOf(msg: Message): string {
  if (isTwinId(msg.topic)) return msg.topic;
  throw new Refusal(refuse("bad-id", `msg.topic is ${quote(msg.topic)}.`, `Put the twin's id there. ${idHint}`));
}

const busy = (message: string): Refusal => new Refusal(refuse("busy", message, "Wait for answers, then try again."));

const refused = (record: CommandRecord, info: RefusalInfo): CommandRecord => ({
  ...record,
  state: "refused",
  attempts: 0,
  code: errorCodes[info.code],
  text: info.message,
  error: info.code,
  endedAt: record.at,
});

function expired({ expires, at }: CommandRecord): RefusalInfo | undefined {
  if (expires > at) return undefined;
  const when = new Date(expires).toISOString();
  return refuse("expired", `The command was good until ${when}.`, "Command again, if it is still wanted.");
}
