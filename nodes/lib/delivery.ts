import type { EventEmitter } from "node:events";
import type { Message, NodeRed, RedNode } from "./node-red";

/**
 * End-to-end acknowledgement: tells when every branch of the flow is done with a message, whichever nodes it passes, stock
 * and third-party included. A message carries tokens in `_twinTokens`, which survive cloning; Node-RED's messaging hooks
 * count for each token the deliveries that are under way. At zero, all branches are done. See docs/decisions.
 *
 * A node without a three-argument input handler (the core switch is one) may send after its handler has returned, and so may
 * a function node: with one of those on the way, zero must stay zero for `quietMs`.
 */
export interface Delivery {
  /**
   * Begins to count for a token. Call {@link Delivery.sent} when the message has been sent.
   * `settled` is called once: with the error when a branch ended in one. `again` is called when a deploy may have lost the
   * message on its way: send it again. Until the flows run, nothing is settled.
   */
  open(token: number, settled: (error?: Error) => void, again: () => void): void;
  /** The message is on its way; with nothing wired to the node it is done already. */
  sent(token: number): void;
  /** Stops counting: neither callback will be called. */
  abandon(token: number): void;
  /** The node that received a message of the token last, such as `function "scale" (id)`. */
  where(token: number): string | undefined;
  /** Tokens that are on their way. */
  readonly underWay: number;
}

interface Open {
  /** Deliveries under way. */
  count: number;
  isSent: boolean;
  /** A node on the way may send later than it returns. */
  late: boolean;
  /** A deploy began while it was on its way. */
  shaken: boolean;
  zeroAt: number;
  /** What received it last. */
  node?: RedNode | undefined;
  error?: Error;
  settled(error?: Error): void;
  again(): void;
}

/** What a delivered message object stands for: survives a node that deletes or rewrites `_twinTokens`. */
interface Carried {
  tokens: number[];
  /** Times it was sent and has not arrived yet. */
  inTransit: number;
}

interface Hooks {
  add(name: string, handler: (event: HookEvent) => void): void;
  remove(name: string): void;
}

interface HookEvent {
  msg: Message;
  error?: unknown;
  destination?: { node?: RedNode };
  node?: { node: RedNode };
}

export const quietMs = 300;
/** How long after a deploy the messages that were on their way get to finish, before they are sent again. */
const afterDeployMs = 1500;
const sweepMs = 50;

/** Of messages on their way. A message that some node kept from an earlier process must not stand for one of this. */
let nextToken = Date.now() * 1000;
/** A token that no other message of this process has. */
export const newToken = (): number => nextToken++;

const instances = new WeakMap<EventEmitter, Delivery>();

/** The one counter of this runtime. */
export function deliveryOf(red: NodeRed): Delivery {
  let delivery = instances.get(red.events);
  if (!delivery) {
    delivery = createDelivery(red.hooks as Hooks, red.events);
    instances.set(red.events, delivery);
  }
  return delivery;
}

function createDelivery(hooks: Hooks, events: EventEmitter): Delivery {
  const open = new Map<number, Open>();
  const carried = new WeakMap<Message, Carried>();
  /** What nodes without `done` have received, in their order. */
  const inLine = new WeakMap<RedNode, number[][]>();
  /** Tokens at zero that must stay there, in order of time. */
  let quiet: { token: number; at: number }[] = [];
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;

  const tokensOf = (msg: Message): number[] | undefined =>
    Array.isArray(msg._twinTokens) ? (msg._twinTokens as number[]) : undefined;

  function add(tokens: number[]): void {
    for (const token of tokens) {
      const entry = open.get(token);
      if (entry) entry.count++;
    }
  }

  function takeOff(tokens: number[], error?: unknown): void {
    for (const token of tokens) {
      const entry = open.get(token);
      if (!entry) continue;
      if (error) entry.error = error instanceof Error ? error : new Error(String(error));
      entry.count--;
      atZero(token, entry);
    }
  }

  /**
   * The core switch queues what comes while it works, and takes one message in each turn of the event loop: its handler returns
   * long before. What a node without `done` received is therefore taken off in the same step, one message a turn.
   */
  function takeOffInTurn(node: RedNode, tokens: number[]): void {
    const line = inLine.get(node) ?? [];
    inLine.set(node, line);
    line.push(tokens);
    if (line.length > 1) return;
    let next = 0;
    const step = (): void => {
      takeOff(line[next++] as number[]);
      if (next === line.length || next === 1000) {
        line.splice(0, next);
        next = 0;
      }
      if (line.length > 0) setImmediate(step);
    };
    setImmediate(step);
  }

  function atZero(token: number, entry: Open): void {
    // During a deploy a count of zero says nothing: the nodes that were to go on may be gone.
    if (entry.count > 0 || !entry.isSent || stopping || entry.shaken) return;
    if (!entry.late) {
      settle(token, entry);
      return;
    }
    entry.zeroAt = Date.now();
    quiet.push({ token, at: entry.zeroAt });
    timer ??= setInterval(sweep, sweepMs).unref();
  }

  function sweep(): void {
    const before = Date.now() - quietMs;
    let done = 0;
    for (const { token, at } of quiet) {
      if (at > before) break;
      done++;
      const entry = open.get(token);
      if (entry && entry.zeroAt === at && entry.count <= 0 && !stopping && !entry.shaken) settle(token, entry);
    }
    if (done > 0) quiet = quiet.slice(done);
    if (quiet.length > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  function settle(token: number, entry: Open): void {
    open.delete(token);
    entry.settled(entry.error);
  }

  hooks.add("preDeliver.meditwin", (event) => {
    const tokens = tokensOf(event.msg);
    if (!tokens) return;
    const known = carried.get(event.msg);
    if (known) known.inTransit++;
    else carried.set(event.msg, { tokens: [...tokens], inTransit: 1 });
    add(tokens);
  });
  hooks.add("onReceive.meditwin", (event) => {
    const tokens = tokensOf(event.msg);
    if (!tokens) return;
    const known = carried.get(event.msg);
    if (known && known.inTransit > 0) {
      known.inTransit--;
    } else {
      // Handed over without a wire: link, catch and complete nodes.
      if (!known) carried.set(event.msg, { tokens: [...tokens], inTransit: 0 });
      add(tokens);
    }
    const node = event.destination?.node as (RedNode & { _expectedDoneCount?: number }) | undefined;
    const late = node?._expectedDoneCount === 0 || node?.type === "function";
    for (const token of tokens) {
      const entry = open.get(token);
      if (!entry) continue;
      entry.node = node;
      if (late) entry.late = true;
    }
  });
  hooks.add("onComplete.meditwin", (event) => {
    const known = carried.get(event.msg);
    if (known) takeOff(known.tokens, event.error);
  });
  hooks.add("postReceive.meditwin", (event) => {
    const node = event.destination?.node as (RedNode & { _expectedDoneCount?: number }) | undefined;
    if (node?._expectedDoneCount !== 0) return;
    const known = carried.get(event.msg);
    if (known) takeOffInTurn(node, known.tokens);
  });

  events.on("flows:stopping", () => {
    stopping = true;
    for (const entry of open.values()) entry.shaken = true;
  });
  events.on("flows:started", () => {
    stopping = false;
    const shaken = [...open].filter(([, entry]) => entry.shaken);
    if (shaken.length === 0) return;
    // What nodes that stayed had in hand may still finish; what is not done by then is sent again. Repeats are borne.
    setTimeout(() => {
      for (const [token, entry] of shaken) {
        if (open.get(token) !== entry) continue;
        open.delete(token);
        entry.again();
      }
    }, afterDeployMs).unref();
  });

  return {
    open(token, settled, again) {
      open.set(token, { count: 0, isSent: false, late: false, shaken: stopping, zeroAt: 0, settled, again });
    },
    sent(token) {
      const entry = open.get(token);
      if (!entry) return;
      entry.isSent = true;
      atZero(token, entry);
    },
    abandon: (token) => void open.delete(token),
    where(token) {
      const node = open.get(token)?.node;
      return node && `${node.type} ${node.name ? `"${node.name}" ` : ""}(${node.id})`;
    },
    get underWay() {
      return open.size;
    },
  };
}
