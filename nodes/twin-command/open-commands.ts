import type { CommandOutcome, CommandRecord } from "../../engine/command/command-record";
import { createDueQueue } from "../../engine/twin/due-queue";
import type { Host } from "../lib/define-node";
import type { Message } from "../lib/node-red";
import { acquire } from "../lib/shared";
import type { CommandLog } from "../twin-store/store";

/** Commands that one node has open at a time. */
export const maxOpen = 1000;
/** Messages that wait for the end of one command: itself, and its repeats. */
const maxWaiting = 10;
/** Commands looked at in one turn of the event loop. */
const maxDue = 100;
const longestTimerMs = 2 ** 31 - 1;
/** After a failure of the store. */
const againMs = 2000;

/** The commands of one node that have not ended, with the messages that wait for them. */
export interface OpenCommands {
  readonly size: number;
  get(id: string): CommandRecord | undefined;
  all(): IterableIterator<CommandRecord>;
  /** Takes it on, or what is new of it. */
  set(record: CommandRecord): void;
  /** Forgets one that did not get into the store. */
  drop(id: string): void;
  /** The message is answered when that command ends. False: too many wait already. */
  wait(id: string, msg: Message): boolean;
  /** `attend` is called with the command then. */
  dueAt(id: string, time: number): void;
  /** Ends it, once: writes that down, and then answers the messages that wait. */
  end(id: string, outcome: CommandOutcome): Promise<void>;
  /** Answers the messages of what ended while a deploy was taking the node before away. */
  catchUp(): Promise<void>;
}

export function openCommands(
  host: Host,
  log: CommandLog,
  attend: (record: CommandRecord) => Promise<void>,
  answer: (msg: Message, record: CommandRecord) => Promise<void>,
): OpenCommands {
  const open = new Map<string, CommandRecord>();
  const ending = new Set<string>();
  const queue = createDueQueue();
  // A deploy makes a new node: whoever waits for an answer is not forgotten by it.
  const lease = acquire(`commands:${host.home}:${host.id}`, () => ({
    value: { waiting: new Map<string, Message[]>(), unanswered: [] as CommandRecord[] },
    dispose: () => undefined,
  }));
  const { waiting, unanswered } = lease.value;
  let timer: NodeJS.Timeout | undefined;
  let armedFor = Number.POSITIVE_INFINITY;
  let closed = false;

  host.node.on("close", () => {
    // At once: the nodes after this one may be gone already.
    closed = true;
  });
  host.onClose(async (removed) => {
    clearTimeout(timer);
    lease.release();
    if (!removed) return;
    const end = { state: "refused", code: 409, text: "its node was removed", error: "cancelled" } as const;
    const endedAt = Date.now();
    await Promise.all([...open.values()].map((record) => log.put({ ...record, ...end, endedAt })));
  });

  function arm(): void {
    const next = queue.next() ?? Number.POSITIVE_INFINITY;
    if (closed || next === armedFor) return;
    clearTimeout(timer);
    armedFor = next;
    if (next < Number.POSITIVE_INFINITY)
      timer = setTimeout(wake, Math.min(longestTimerMs, Math.max(0, next - Date.now())));
  }

  async function answerAll(ended: CommandRecord): Promise<void> {
    const messages = waiting.get(ended.id) ?? [messageOf(ended)];
    waiting.delete(ended.id);
    for (const msg of messages) await answer(msg, ended);
  }

  /** The store could not be read or written: without another look the command would stay open for ever. */
  function again(id: string, error: unknown): void {
    host.fail(error);
    if (!open.has(id)) return;
    queue.set(id, Date.now() + againMs);
    arm();
  }

  function wake(): void {
    armedFor = Number.POSITIVE_INFINITY;
    for (const id of queue.take(Date.now(), maxDue)) {
      const record = open.get(id);
      if (record && !ending.has(id)) attend(record).catch((error) => again(id, error));
    }
    arm();
  }

  return {
    get size() {
      return open.size;
    },
    get: (id) => open.get(id),
    all: () => open.values(),
    set: (record) => void open.set(record.id, record),
    drop(id) {
      open.delete(id);
      waiting.delete(id);
    },
    wait(id, msg) {
      const list = waiting.get(id) ?? [];
      if (list.length >= maxWaiting) return false;
      waiting.set(id, [...list, msg]);
      return true;
    },
    dueAt(id, time) {
      queue.set(id, time);
      arm();
    },
    async end(id, outcome) {
      const record = open.get(id);
      if (!record || ending.has(id)) return;
      ending.add(id);
      queue.delete(id);
      const ended: CommandRecord = { ...record, ...outcome, endedAt: Date.now() };
      try {
        await log.put(ended);
      } catch (error) {
        // It stays open in the store, and is taken up again at the next start.
        host.fail(error);
      }
      open.delete(id);
      ending.delete(id);
      if (closed) unanswered.push(ended);
      else await answerAll(ended);
    },
    async catchUp() {
      for (const ended of unanswered.splice(0)) await answerAll(ended);
    },
  };
}

/** The message of a command whose own was lost with the process. */
function messageOf({ twin, args, user, role, reason, clientToken }: CommandRecord): Message {
  return {
    topic: twin,
    payload: args,
    resumed: true,
    ...(user === undefined ? {} : { user: role === undefined ? user : { name: user, role } }),
    ...(reason === undefined ? {} : { reason }),
    ...(clientToken === undefined ? {} : { clientToken }),
  };
}
