import { type CommandRecord, type CommandTiming, nextStep } from "../../engine/command/command-record";
import type { RefusalInfo } from "../../engine/contract/errors";
import type { CommandLog } from "../twin-store/store";
import type { Device, DeviceAnswer } from "./device";
import type { OpenCommands } from "./open-commands";

const pauseMs = 1000;

/** Actions: sent, answered, sent again, given up. */
export interface Actions {
  /** Sends an action that was just written down as sent. */
  begin(record: CommandRecord): Promise<void>;
  /** Does what it needs now. */
  attend(record: CommandRecord): Promise<void>;
  hear(record: CommandRecord, answer: DeviceAnswer): Promise<void>;
}

export function createActions(
  open: OpenCommands,
  log: CommandLog,
  device: Device,
  timing: CommandTiming,
  /** Whether the machine's state still allows it. */
  guard: (twin: string) => Promise<RefusalInfo | undefined>,
): Actions {
  const problems = new Map<string, string>();

  async function transmit(record: CommandRecord): Promise<void> {
    schedule(record);
    try {
      await device.command(record);
      problems.delete(record.id);
    } catch (error) {
      // It may have left. It is sent again in its time, as if it had. What has ended meanwhile leaves nothing behind.
      if (open.get(record.id)) problems.set(record.id, error instanceof Error ? error.message : String(error));
    }
  }

  function schedule(record: CommandRecord): void {
    const step = nextStep(record, Date.now(), timing);
    open.dueAt(record.id, step.do === "wait" ? step.until : Date.now());
  }

  async function giveUp({ id, attempts, expires, taken }: CommandRecord, held?: RefusalInfo): Promise<void> {
    const seconds = timing.timeoutMs / 1000;
    const problem = problems.get(id);
    problems.delete(id);
    const text = taken
      ? `taken on, but not done by ${new Date(expires).toISOString()}`
      : `no answer within ${seconds} s, sent ${attempts} times${problem ? `; ${problem}` : ""}${held ? `; not sent again: ${held.message}` : ""}`;
    await open.end(id, { state: "timed-out", code: 504, text, error: "timed-out" });
  }

  return {
    async begin(record) {
      // While it was written down the machine's state may have changed.
      const refusal = await guard(record.twin);
      if (!refusal) return transmit(record);
      open.set({ ...record, attempts: 0 });
      await open.end(record.id, { state: "refused", code: 409, text: refusal.message, error: refusal.code });
    },

    async attend(record) {
      const step = nextStep(record, Date.now(), timing);
      if (step.do === "wait") return open.dueAt(record.id, step.until);
      if (step.do === "give up") return giveUp(record);
      // It was sent before, and may be what changed the state: nobody must be told to bring that back and command again.
      const held = await guard(record.twin);
      if (held) return giveUp(record, held);
      // Written down before it is sent: what may have been sent counts, whatever happens now.
      const next: CommandRecord = { ...record, attempts: record.attempts + 1, sentAt: Date.now() };
      if (open.get(record.id) !== record) return;
      open.set(next);
      try {
        await log.put(next);
      } catch (error) {
        if (open.get(record.id) === next) open.set(record);
        open.dueAt(record.id, Date.now() + pauseMs);
        throw error;
      }
      // Answered meanwhile?
      if (open.get(record.id) === next) await transmit(next);
    },

    async hear(record, { code, text, result }) {
      const { id } = record;
      const withResult = result === undefined ? {} : { result };
      if (code >= 400) {
        problems.delete(id);
        return open.end(id, { state: "refused", code, text, error: "device-refused", ...withResult });
      }
      if (code !== 202) {
        problems.delete(id);
        return open.end(id, { state: "acknowledged", code, text, ...withResult });
      }
      const taken: CommandRecord = { ...record, taken: true, code, text };
      open.set(taken);
      schedule(taken);
      await log.put(taken);
    },
  };
}
