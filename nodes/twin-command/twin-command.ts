import type { CommandRecord } from "../../engine/command/command-record";
import { deviceTopics } from "../../engine/command/device-topics";
import { guardPerson, guardState } from "../../engine/command/guard";
import { Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import type { TwinModel } from "../../engine/contract/model";
import { defaultTiming } from "../../engine/twin/desired-loop";
import { migrate } from "../../engine/twin/migrate";
import { defineNode } from "../lib/define-node";
import { conflictOf } from "../lib/if-rev";
import { migratingTwins } from "../lib/migrating-twins";
import type { Message } from "../lib/node-red";
import { readWho } from "../lib/who";
import type { Broker } from "../twin-broker/broker";
import type { TwinCollection, TwinStore } from "../twin-store/store";
import { createActions } from "./actions";
import { createAdmission } from "./admission";
import { createAnswers } from "./answers";
import { answerIn, type DeviceAnswer, openDevice } from "./device";
import { compileInterlock } from "./interlock";
import { openCommands } from "./open-commands";
import { openSparkplugDevice } from "./sparkplug-device";
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
    const store = host.use<TwinStore>("twin-store", settings.store);
    const { commands } = store;
    const model = host.useIfSet<TwinModel>("twin-model", settings.model);
    const twins: TwinCollection = {
      ...migratingTwins(store.twins, model),
      /** In the units and names of the model's present version: the interlock speaks of these. */
      async get(twin) {
        const document = await store.twins.get(twin);
        return (model && document && migrate(document, model, Date.now())?.document) ?? document;
      },
    };
    const broker = host.useIfSet<Broker>("twin-broker", settings.broker);
    const interlock = compileInterlock(settings.interlock, model);
    const topics = deviceTopics(settings.topic);
    const guard = async (twin: string): Promise<RefusalInfo | undefined> =>
      interlock && guardState(twin, await twins.get(twin), interlock);

    const { answer, outgoing } = createAnswers(host, twins);
    const open = openCommands(host, commands, attend, answer);
    const device =
      settings.protocol === "sparkplug"
        ? openSparkplugDevice(host, broker, settings.broker, hear)
        : openDevice(host, broker, topics, hear);
    const actions = createActions(open, commands, device, timing, guard);
    const wishes = createWishes(open, twins, device, {
      node: host.id,
      model,
      timing: { ...defaultTiming, timeoutMs: timing.timeoutMs },
      guard,
      fail: host.fail,
    });
    const admit = createAdmission({ node: host.id, settings, commands, twins, open, wishes, interlock, outgoing });
    host.onClose(twins.watch(wishes.event, wishes.wants));
    host.metrics(() => [{ name: "commands_open", help: "Commands that have not ended.", value: open.size }]);

    function attend(record: CommandRecord): Promise<void> {
      return record.kind === "action" ? actions.attend(record) : wishes.attend(record);
    }

    /** What a deploy or the end of the process interrupted goes on where it was. */
    const resumed = commands.open(host.id).then((records) => {
      for (const record of records) {
        open.set(record);
        open.dueAt(record.id, Date.now() + resumeMs);
      }
      // After this turn, when the nodes that listen to us exist too.
      setImmediate(() => open.catchUp().catch(host.fail));
    });
    resumed.catch(host.fail);

    /** A page is wired here too, and what it sends is no device: not where there is a broker, and else as a person. */
    function checkWired(msg: Message): void {
      if (broker)
        throw new Refusal(
          refuse(
            "bad-request",
            "The message is an answer (msg.answer, or its topic), but answers come by the broker.",
            "Leave out msg.answer, and put the twin's id into msg.topic.",
          ),
        );
      const { role } = settings;
      const forbidden = msg.user === undefined ? undefined : guardPerson(readWho(msg), { role, requireReason: false });
      if (forbidden) throw new Refusal(forbidden);
    }

    async function hear(given: DeviceAnswer): Promise<void> {
      await resumed;
      if (given.of === "desired") return wishes.hear(given);
      const record = given.id === undefined ? undefined : open.get(given.id);
      // Of another node, or answered already.
      if (record?.twin === given.twin) await actions.hear(record, given);
    }

    return {
      async input(msg, send) {
        const given = answerIn(msg, topics);
        if (given) {
          checkWired(msg);
          return hear(given);
        }
        await resumed;
        const record = await admit(msg, send);
        if (!record) return;
        host.show("busy", host.text("status.open", { count: open.size }));
        try {
          if (record.kind === "action") return await actions.begin(record);
          return await wishes.begin(record, (current) => {
            const conflict = conflictOf(msg, record.twin, current);
            if (conflict) throw conflict;
          });
        } catch (error) {
          // It is written down, and so is not over: it is looked at again.
          open.dueAt(record.id, Date.now() + resumeMs);
          throw error;
        }
      },
    };
  },
});
