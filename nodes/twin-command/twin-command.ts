import { randomUUID } from "node:crypto";
import { type CommandRecord, isSameCommand, lastMoment } from "../../engine/command/command-record";
import { deviceTopics } from "../../engine/command/device-topics";
import { guardPerson, guardState } from "../../engine/command/guard";
import { type CommandRequest, readCommand } from "../../engine/command/read-command";
import { errorCodes, quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import { idHint, isTwinId } from "../../engine/contract/identity";
import type { TwinModel } from "../../engine/contract/model";
import { defaultTiming } from "../../engine/twin/desired-loop";
import { defineNode } from "../lib/define-node";
import { conflictOf } from "../lib/if-rev";
import type { Message, Send } from "../lib/node-red";
import { readClientToken, readWho, type Who } from "../lib/who";
import type { Broker } from "../twin-broker/broker";
import type { TwinStore } from "../twin-store/store";
import { createActions } from "./actions";
import { createAnswers } from "./answers";
import { answerIn, type DeviceAnswer, openDevice } from "./device";
import { compileInterlock } from "./interlock";
import { maxOpen, openCommands } from "./open-commands";
import { readTwinCommandSettings, type TwinCommandSettings } from "./twin-command.settings";
import { createWishes } from "./wishes";

/** After a start or a deploy answers may be on their way: until then nothing is sent again or given up. */
const resumeMs = 2000;

export default defineNode<TwinCommandSettings>({
  type: "twin-command",
  outputs: 3,
  refusalOutput: 1,
  readSettings: readTwinCommandSettings,
  start(host, settings) {
    const { timing } = settings;
    const { twins, commands } = host.use<TwinStore>("twin-store", settings.store);
    const model = host.useIfSet<TwinModel>("twin-model", settings.model);
    const broker = host.useIfSet<Broker>("twin-broker", settings.broker);
    const interlock = compileInterlock(settings.interlock, model);
    const topics = deviceTopics(settings.topic);
    const guard = async (twin: string): Promise<RefusalInfo | undefined> =>
      interlock && guardState(twin, await twins.get(twin), interlock);

    const { answer, outgoing } = createAnswers(host, twins);
    const open = openCommands(host, commands, attend, answer);
    const device = openDevice(host, broker, topics, hear);
    const actions = createActions(open, commands, device, timing, guard);
    const wishes = createWishes(open, twins, device, {
      node: host.id,
      model,
      timing: { ...defaultTiming, timeoutMs: timing.timeoutMs },
      guard,
      fail: host.fail,
    });
    host.onClose(twins.watch(wishes.event));

    function attend(record: CommandRecord): Promise<void> {
      return record.kind === "action" ? actions.attend(record) : wishes.attend(record);
    }

    /** What a deploy or the end of the process interrupted goes on where it was. */
    const resumed = (async () => {
      for (const record of await commands.open(host.id)) {
        open.set(record);
        open.dueAt(record.id, Date.now() + resumeMs);
      }
    })();
    resumed.catch(host.fail);

    async function hear(given: DeviceAnswer): Promise<void> {
      await resumed;
      if (given.of === "desired") return wishes.hear(given);
      const record = given.id === undefined ? undefined : open.get(given.id);
      // Of another node, or answered already.
      if (record?.twin === given.twin) await actions.hear(record, given);
    }

    function recordOf(request: CommandRequest, msg: Message, who: Who): CommandRecord {
      const now = Date.now();
      const { kind, name, args } = request;
      const last = lastMoment(kind, now, timing);
      const clientToken = readClientToken(msg);
      return {
        id: request.id ?? randomUUID(),
        twin: idOf(msg),
        kind,
        name,
        args,
        ...who,
        ...(clientToken === undefined ? {} : { clientToken }),
        node: host.id,
        at: now,
        expires: Math.min(last, request.expires ?? last),
        state: "open",
        attempts: kind === "action" ? 1 : 0,
        sentAt: now,
      };
    }

    /** A repeat is answered as the first was, and never sent. */
    async function repeat(msg: Message, send: Send, record: CommandRecord, known: CommandRecord): Promise<void> {
      if (!isSameCommand(record, known) || known.node !== host.id)
        throw new Refusal(
          refuse("duplicate", `${record.id} is the id of another command.`, "Give each command an id of its own."),
        );
      const present = open.get(known.id) ?? known;
      if (present.state !== "open") return send(await outgoing(msg, present, true));
      if (!open.wait(known.id, msg)) throw busy(`Too many repeats of ${known.id} wait.`);
    }

    /** On their way into the store. */
    let beginning = 0;

    const refused = (record: CommandRecord, info: RefusalInfo): CommandRecord => ({
      ...record,
      state: "refused",
      attempts: 0,
      code: errorCodes[info.code],
      text: info.message,
      error: info.code,
      endedAt: record.at,
    });

    return {
      async input(msg, send) {
        const given = answerIn(msg, topics);
        if (given) return hear(given);
        const request = readCommand(msg.command, msg.payload);
        if ("error" in request) throw new Refusal(request.error);
        const record = recordOf(request, msg, readWho(msg));
        const forbidden = guardPerson(record, settings);
        if (forbidden) {
          await commands.addRefusal(refused(record, forbidden));
          throw new Refusal(forbidden);
        }
        await resumed;
        const known = await commands.get(record.id);
        if (known) return repeat(msg, send, record, known);
        const document = await twins.get(record.twin);
        const conflict = conflictOf(msg, record.twin, document);
        if (conflict) throw conflict;
        if (record.kind === "desired") wishes.check(record, document);
        const stopped = expired(record) ?? guardState(record.twin, document, interlock);
        if (open.size + beginning >= maxOpen) throw busy(`${maxOpen} commands of this node are open.`);
        beginning++;
        const adding = commands.add(stopped ? refused(record, stopped) : record);
        const earlier = await adding.finally(() => beginning--);
        if (earlier) return repeat(msg, send, record, earlier);
        if (stopped) throw new Refusal(stopped);
        open.set(record);
        open.wait(record.id, msg);
        host.show("busy", host.text("status.open", { count: open.size }));
        if (record.kind === "action") return actions.begin(record);
        return wishes.begin(record, (current) => {
          const late = conflictOf(msg, record.twin, current);
          if (late) throw late;
        });
      },
    };
  },
});

function idOf(msg: Message): string {
  if (isTwinId(msg.topic)) return msg.topic;
  throw new Refusal(refuse("bad-id", `msg.topic is ${quote(msg.topic)}.`, `Put the twin's id there. ${idHint}`));
}

const busy = (message: string): Refusal => new Refusal(refuse("busy", message, "Wait for answers, then try again."));

function expired({ expires, at }: CommandRecord): RefusalInfo | undefined {
  if (expires > at) return undefined;
  const when = new Date(expires).toISOString();
  return refuse("expired", `The command was good until ${when}.`, "Command again, if it is still wanted.");
}
