import { setImmediate } from "node:timers/promises";
import type { TwinDocument } from "../../engine/contract/document";
import { quote, Refusal, type RefusalInfo, refuse } from "../../engine/contract/errors";
import { idHint, isTwinId } from "../../engine/contract/identity";
import type { Sample, Scalar, Values } from "../../engine/contract/messages";
import type { TwinModel } from "../../engine/contract/model";
import { checkValues } from "../../engine/twin/check-values";
import { desireOf } from "../../engine/twin/desired";
import { answeredDocument, type DeviceAnswer } from "../../engine/twin/desired-loop";
import { applyPatch } from "../../engine/twin/document-patch";
import { offlineDocument } from "../../engine/twin/empty-document";
import { readMoment } from "../../engine/twin/moment";
import { type Merge, mergeSample, reportPatch } from "../../engine/twin/report";
import { beyondOf } from "../lib/beyond-model";
import { defineNode } from "../lib/define-node";
import { conflictOf } from "../lib/if-rev";
import { isObject, readSamples, refusedRows, twinFieldOf } from "../lib/messages";
import { migrateStored, migratingTwins } from "../lib/migrating-twins";
import type { Message, Outgoing, Send } from "../lib/node-red";
import { readClientToken, readWho } from "../lib/who";
import type { TwinFilter, TwinPast, TwinStore, TwinUpdate } from "../twin-store/store";
import { readTwinStateSettings, type TwinStateSettings } from "./twin-state.settings";

type Handler = (msg: Message) => Promise<Outgoing>;

/** Twins in an answer to `list`. */
const pageSize = 100;

export default defineNode<TwinStateSettings>({
  type: "twin-state",
  readSettings: readTwinStateSettings,
  start(host, settings) {
    const model = host.useIfSet<TwinModel>("twin-model", settings.model);
    const twins = migratingTwins(host.use<TwinStore>("twin-store", settings.store).twins, model);
    const staleAfter = model?.staleAfter;
    let isClosed = false;

    /** An update that `ifRev` guards: somebody else's change in between is a conflict, and nothing changes. */
    async function update(
      id: string,
      msg: Message,
      change: (current: TwinDocument | undefined, now: number) => TwinUpdate | undefined,
    ): Promise<TwinDocument> {
      const clientToken = readClientToken(msg);
      const document = await twins.update(id, (current) => {
        checkRev(msg, id, current);
        const beyond = beyondOf(model, current);
        if (beyond) throw beyond;
        const update = change(current, Date.now());
        return update && clientToken !== undefined ? { ...update, clientToken } : update;
      });
      return document as TwinDocument;
    }

    function toUpdate(
      id: string,
      current: TwinDocument | undefined,
      { patch, changed, effective, historical }: Merge,
      answer: DeviceAnswer | undefined,
      now: number,
    ): TwinUpdate | undefined {
      // The document itself is only made where it is needed.
      const document = !current || answer ? applyPatch(current ?? offlineDocument(id, now), patch) : undefined;
      const answered = document && answer && answeredDocument(document, answer, now);
      if (historical && !effective && !answered) return undefined;
      const notes = { changed, notify: effective || answered !== undefined || !settings.skipEqual, staleAfter };
      return document ? { ...notes, document: answered ?? document } : { ...notes, patch };
    }

    interface Verdict {
      rev: number;
      historical: boolean;
      /** How far the device's clock is ahead, beyond the limit, in ms. */
      skewed?: number;
      refusal?: Refusal;
    }

    /** Samples in this order, in one commit. Each is refused on its own. */
    async function reportAll(samples: readonly Sample[], msg: Message): Promise<Verdict[]> {
      const verdicts: Verdict[] = [];
      const now = Date.now();
      const answer = samples.length === 1 ? readDeviceAnswer(msg.ack) : undefined;
      await twins.updateAll(
        samples.map(({ id }) => id),
        (index, current) => {
          const sample = samples[index] as Sample;
          const [verdict, update] = judge(sample, current, msg, now, answer);
          verdicts[index] = verdict;
          return update;
        },
      );
      return verdicts;
    }

    function judge(
      sample: Sample,
      current: TwinDocument | undefined,
      msg: Message,
      now: number,
      answer: DeviceAnswer | undefined,
    ): [Verdict, TwinUpdate | undefined] {
      const rev = current?.rev ?? 0;
      const checked = checkValues(model, sample.values);
      if ("error" in checked) return [{ rev, historical: false, refusal: new Refusal(checked.error) }, undefined];
      if (sample.historical) return [{ rev, historical: true }, undefined];
      const refusal = conflictOf(msg, sample.id, current) ?? beyondOf(model, current);
      if (refusal) return [{ rev, historical: false, refusal }, undefined];
      const merged = mergeSample(
        current,
        { ...sample, values: checked.values },
        {
          model,
          now,
          deviceWins: settings.deviceWins,
          maxSkewMs: settings.maxSkewMs,
          redelivered: msg.redelivered === true,
        },
      );
      const { rev: next, historical, skewMs } = merged;
      return [{ rev: next, historical, skewed: skewMs }, toUpdate(sample.id, current, merged, answer, now)];
    }

    async function reportOne(sample: Sample, msg: Message): Promise<Verdict> {
      const [verdict] = (await reportAll([sample], msg)) as [Verdict];
      if (verdict.refusal) throw verdict.refusal;
      return verdict;
    }

    async function reportBatch(msg: Message, samples: Sample[]): Promise<Outgoing> {
      const good: unknown[] = [];
      const bad: unknown[] = [];
      const errors: RefusalInfo[] = [];
      for (const [index, verdict] of (await reportAll(samples, msg)).entries()) {
        const { refusal } = verdict;
        const row = (msg.payload as Record<string, unknown>[])[index] as Record<string, unknown>;
        if (refusal) {
          bad.push(row);
          errors.push({ ...refusal.info, index });
        } else good.push({ ...row, ...marksOf(verdict) });
      }
      if (bad.length === 0) return [{ ...msg, payload: good, twin: { batch: good.length } }, null];
      const refused = host.refused(refusedRows(msg, bad, errors, good.length > 0), errors[0] as RefusalInfo);
      return [good.length > 0 ? { ...msg, payload: good, twin: { batch: good.length } } : null, refused];
    }

    const handlers: Record<TwinStateSettings["operation"], Handler> = {
      async report(msg) {
        const twin = twinFieldOf(msg);
        const retained = msg.retain === true;
        if (!twin && !Array.isArray(msg.payload)) {
          const id = idOf(msg);
          const patch = checkedPatch(model, msg.payload);
          const answer = readDeviceAnswer(msg.ack);
          msg.payload = structuredClone(
            await update(id, msg, (current, now) =>
              toUpdate(
                id,
                current,
                reportPatch(current, id, patch, { model, now, deviceWins: settings.deviceWins, retained }),
                answer,
                now,
              ),
            ),
          );
          return [msg, null];
        }
        const { kind, samples } = readSamples(readPresence(msg));
        if (kind === "batch") return reportBatch(msg, samples);
        const [sample] = samples as [Sample];
        msg.twin = { ...twin, ...marksOf(await reportOne(retained ? { ...sample, retained } : sample, msg)) };
        return [msg, null];
      },

      async desire(msg) {
        const id = idOf(msg);
        if (!isObject(msg.payload)) throw notAnObject(msg.payload);
        const patch = msg.payload;
        const by = readWho(msg);
        const document = await update(id, msg, (current, now) => {
          const result = desireOf(id, current, patch, { model, now, by, timing: settings.timing });
          if ("error" in result) throw new Refusal(result.error);
          const { document, changed, isAnother } = result;
          return current && !isAnother ? undefined : { document, changed, notify: true };
        });
        msg.payload = structuredClone(document);
        return [msg, null];
      },

      async get(msg) {
        const id = idOf(msg);
        const document = await twins.get(id);
        if (!document) throw unknownTwin(id);
        // The store's own document is shared; what a flow gets it may change.
        msg.payload = structuredClone(document);
        return [msg, null];
      },

      async at(msg) {
        const id = idOf(msg);
        const moment = readMoment(msg.at, Date.now());
        if (!moment) throw badMoment(msg.at);
        const past = await twins.at(id, moment);
        if (!past) throw unknownTwin(id);
        if (!past.document) throw unknownPast(id, msg.at, past.oldest);
        msg.payload = structuredClone(past.document);
        return [msg, null];
      },

      async list(msg) {
        const filter = readFilter(msg.filter);
        const found: TwinDocument[] = [];
        let cursor = readCursor(msg.cursor);
        for (;;) {
          const page = await twins.list(filter, cursor, pageSize - found.length);
          found.push(...page.twins);
          cursor = page.cursor;
          if (cursor === undefined || found.length === pageSize || isClosed) break;
          // Of many twins few may fit: the rest of the process gets its turn.
          await setImmediate();
        }
        msg.payload = structuredClone(found);
        delete msg.cursor;
        if (cursor !== undefined) msg.cursor = cursor;
        return [msg, null];
      },

      async delete(msg) {
        const id = idOf(msg);
        let document: TwinDocument | undefined;
        await twins.delete(id, (current) => {
          checkRev(msg, id, current);
          document = structuredClone(current);
        });
        if (!document) throw unknownTwin(id);
        msg.payload = document;
        return [msg, null];
      },
    };

    host.onClose(() => {
      isClosed = true;
    });
    if (model) migrateStored(twins, model, () => isClosed).catch((error: unknown) => host.fail(error));

    const handle = handlers[settings.operation];
    /** Settles when every message before has left. */
    let tail: Promise<void> = Promise.resolve();

    async function leave(msg: Message, send: Send, work: Promise<Outgoing>, before: Promise<void>): Promise<void> {
      try {
        const out = await work;
        await before;
        send(out);
      } catch (error) {
        await before;
        throw error;
      }
      host.show("ok", () => host.text(`status.${settings.operation}`, { id: labelOf(msg) }));
    }

    return {
      /** The store applies updates in the order of the calls, many in one commit; messages leave in the order in which they came. */
      input(msg, send) {
        const leaving = leave(msg, send, handle(msg), tail);
        tail = leaving.catch(() => undefined);
        return leaving;
      },
    };
  },
});

/** The twin that the badge names: none for a batch or a list. */
function labelOf(msg: Message): string {
  const id = twinFieldOf(msg)?.id ?? msg.topic;
  return typeof id === "string" && !Array.isArray(msg.payload) ? id : "";
}

function idOf(msg: Message): string {
  const id = msg.topic ?? twinFieldOf(msg)?.id;
  if (!isTwinId(id))
    throw new Refusal(refuse("bad-id", `msg.topic is ${quote(id)}.`, `Put the twin's id there. ${idHint}`));
  return id;
}

/** What passes on says which revision it made, and what was found. */
function marksOf({ rev, historical, skewed }: { rev: number; historical: boolean; skewed?: number }) {
  return { rev, ...(historical && { historical }), ...(skewed && { skewed }) };
}

/** A last will that only says that the device is gone may stand as text in the payload, as a broker hands it over. */
function readPresence(msg: Message): Message {
  const status = twinFieldOf(msg)?.status as unknown;
  if (status === undefined) return msg;
  if (status !== "online" && status !== "offline")
    throw new Refusal(refuse("bad-request", `msg.twin.status is ${quote(status)}.`, "Use online or offline."));
  return isObject(msg.payload) ? msg : { ...msg, payload: {} };
}

function checkRev(msg: Message, id: string, current: TwinDocument | undefined): void {
  const conflict = conflictOf(msg, id, current);
  if (conflict) throw conflict;
}

function checkedPatch(model: TwinModel | undefined, payload: unknown): Record<string, Scalar> {
  if (!isObject(payload)) throw notAnObject(payload);
  const checked = checkValues(model, payload);
  if ("error" in checked) throw new Refusal(checked.error);
  return checked.values satisfies Values;
}

const notAnObject = (payload: unknown): Refusal =>
  new Refusal(refuse("bad-payload", `msg.payload is ${quote(payload)}.`, "Send an object, such as { speed: 80 }."));

const unknownTwin = (id: string): Refusal =>
  new Refusal(refuse("not-found", `There is no twin ${id}.`, "It exists from its first report or desired value on."));

/** `msg.ack` of a report: what the device says of what is desired of it. */
function readDeviceAnswer(ack: unknown): DeviceAnswer | undefined {
  if (!isObject(ack)) return undefined;
  const { version, code, text } = ack;
  if (typeof code !== "number" || !Number.isInteger(code) || code < 200 || code > 599)
    throw new Refusal(
      refuse("bad-request", `msg.ack.code is ${quote(code)}.`, "Use 200 to 599: from 400 on the device refuses."),
    );
  return {
    code,
    text: typeof text === "string" ? text.slice(0, 500) : "",
    ...(typeof version === "number" ? { version } : {}),
  };
}

const badMoment = (at: unknown): Refusal =>
  new Refusal(
    refuse(
      "bad-time",
      `msg.at is ${quote(at)}.`,
      "Use an instant (ISO text, ms, -1h) or a revision, such as { rev: 12 }.",
    ),
  );

const unknownPast = (id: string, at: unknown, oldest: TwinPast["oldest"]): Refusal =>
  new Refusal(
    refuse(
      "not-found",
      `${id} is not kept as it was at ${quote(at)}.`,
      oldest
        ? `The oldest that is kept is rev ${oldest.rev}, of ${new Date(oldest.time).toISOString()}.`
        : "It has no such revision.",
    ),
  );

function readFilter(filter: unknown): TwinFilter {
  if (filter === undefined || filter === null) return {};
  if (!isObject(filter))
    throw new Refusal(
      refuse("bad-request", `msg.filter is ${quote(filter)}.`, "Use an object of model, status and id."),
    );
  const result: TwinFilter = {};
  for (const [key, value] of Object.entries(filter)) {
    if (key !== "model" && key !== "status" && key !== "id")
      throw new Refusal(refuse("bad-request", `msg.filter.${key} is not a filter.`, "Use model, status or id."));
    if (typeof value !== "string")
      throw new Refusal(refuse("bad-request", `msg.filter.${key} is ${quote(value)}.`, "Use text."));
    result[key] = value;
  }
  return result;
}

function readCursor(cursor: unknown): string | undefined {
  if (cursor === undefined || cursor === null || cursor === "") return undefined;
  if (typeof cursor === "string") return cursor;
  throw new Refusal(refuse("bad-request", `msg.cursor is ${quote(cursor)}.`, "Use the cursor of the page before."));
}
