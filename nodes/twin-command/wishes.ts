import type { CommandRecord } from "../../engine/command/command-record";
import { wishOutcome } from "../../engine/command/wish-outcome";
import type { LoopTiming, TwinDocument } from "../../engine/contract/document";
import { Refusal, type RefusalInfo } from "../../engine/contract/errors";
import type { TwinModel } from "../../engine/contract/model";
import { deltaVia, desireOf } from "../../engine/twin/desired";
import { answeredDocument } from "../../engine/twin/desired-loop";
import { beyondOf } from "../lib/beyond-model";
import type { TwinCollection, TwinEvent, TwinEventName } from "../twin-store/store";
import type { Device, DeviceAnswer } from "./device";
import type { OpenCommands } from "./open-commands";

/** Desired values: set, sent by the store's loop until they are met, concluded from the twin's document. */
export interface Wishes {
  /** Whether the model takes them. Throws a `Refusal`. */
  check(record: CommandRecord, document: TwinDocument | undefined): void;
  /** Sets them. `check` sees the document that they change. */
  begin(record: CommandRecord, check?: (current: TwinDocument | undefined) => void): Promise<void>;
  attend(record: CommandRecord): Promise<void>;
  hear(answer: DeviceAnswer): Promise<void>;
  /** Of the store. */
  event(event: TwinEvent): void;
  /** Whether it is any of its business. */
  wants(id: string, events: readonly TwinEventName[]): boolean;
}

export interface WishesOptions {
  /** Id of the node. */
  node: string;
  model: TwinModel | undefined;
  timing: LoopTiming;
  guard(twin: string): Promise<RefusalInfo | undefined>;
  fail(error: unknown): void;
}

export function createWishes(
  open: OpenCommands,
  twins: TwinCollection,
  device: Device,
  { node, model, timing, guard, fail }: WishesOptions,
): Wishes {
  function wished(record: CommandRecord, current: TwinDocument | undefined, now: number) {
    const beyond = beyondOf(model, current);
    if (beyond) throw beyond;
    const { id, twin, args, user, role, reason } = record;
    const by = {
      ...(user === undefined ? {} : { user }),
      ...(role === undefined ? {} : { role }),
      ...(reason === undefined ? {} : { reason }),
      via: node,
      command: id,
    };
    const result = desireOf(twin, current, args as Record<string, unknown>, { model, now, by, timing, anew: true });
    if ("error" in result) throw new Refusal(result.error);
    return result;
  }

  /** Commands whose values are in the twin's document: before that it says nothing of them. */
  const isSet = new Set<string>();

  const setOf = (twin: string): CommandRecord[] =>
    [...open.all()].filter((record) => record.twin === twin && isSet.has(record.id));

  async function conclude(record: CommandRecord, document: TwinDocument | undefined): Promise<void> {
    const outcome = wishOutcome(record, document, Date.now());
    if (!outcome) return open.dueAt(record.id, record.expires);
    isSet.delete(record.id);
    await open.end(record.id, outcome);
  }

  async function set(record: CommandRecord, check: (current: TwinDocument | undefined) => void): Promise<void> {
    await twins.update(record.twin, (current) => {
      check(current);
      const { document, changed, isAnother } = wished(record, current, Date.now());
      if (!isAnother) return undefined;
      const { clientToken } = record;
      return { document, changed, notify: true, ...(clientToken === undefined ? {} : { clientToken }) };
    });
    isSet.add(record.id);
    await conclude(record, await twins.get(record.twin));
  }

  /** Of this node are the values that were desired through it: it goes on sending them after its command has ended, until they are met. */
  async function tellDevice(document: TwinDocument): Promise<void> {
    const { id, ack, desiredBy, loop } = document;
    // That nothing is wanted any more is told in any case.
    const isOver = Object.keys(document.delta).length === 0;
    const delta = deltaVia(document, node);
    if (isOver && desiredBy?.via !== node) return;
    if (!isOver && (Object.keys(delta).length === 0 || loop?.since === undefined || (await guard(id)))) return;
    await device.desired({ id, delta, ack });
  }

  return {
    check: (record, document) => void wished(record, document, Date.now()),

    async begin(record, check = () => undefined) {
      try {
        await set(record, check);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const { code, message } = error.info;
        await open.end(record.id, { state: "refused", code: 409, text: message, error: code });
      }
    },

    async attend(record) {
      const document = await twins.get(record.twin);
      // Written down, but the process ended before it was set.
      const neverSet = Date.now() < record.expires && (document?.desiredBy?.at ?? 0) < record.at;
      if (neverSet) return this.begin(record);
      isSet.add(record.id);
      await conclude(record, document);
    },

    async hear({ twin, code, text, version }) {
      await twins.update(twin, (current) => {
        if (!current || Object.keys(deltaVia(current, node)).length === 0) return undefined;
        const answer = { code, text, ...(version === undefined ? {} : { version }) };
        const document = answeredDocument(current, answer, Date.now());
        return document && { document, changed: {}, notify: true };
      });
    },

    event({ id, events, after }) {
      if (events.includes("delta") && after) tellDevice(after).catch(fail);
      for (const record of setOf(id)) conclude(record, after).catch(fail);
    },

    wants: (id, events) => events.includes("delta") || setOf(id).length > 0,
  };
}
