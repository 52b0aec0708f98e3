import { createServer, type Server, type Socket } from "node:net";
import type { Aedes } from "aedes";
import { backoffMs } from "./backoff";
import { type Custody, takeCustody } from "./embedded-custody";
import { boundQueues, type Persistence } from "./embedded-queues";
import { limitPackets } from "./packet-guard";

/** Limits of the embedded broker. aedes itself accepts everybody, 256 MB packets and endless queues. */
export const embeddedLimits = {
  maxPacketBytes: 1024 * 1024,
  maxConnections: 256,
  maxMessages: 10_000,
  maxBytes: 64 * 1024 * 1024,
  maxRetained: 10_000,
  patienceMs: 10_000,
  /** How long a publisher waits for the nodes of this process before its connection is ended. */
  custodyMs: 30_000,
  startupMs: 15_000,
};

export type EmbeddedState =
  | { state: "connecting" }
  | { state: "listening"; url: string }
  | { state: "failed"; detail: string };

/** The MQTT broker in this process. It listens on loopback only: it knows no users. */
export interface EmbeddedBroker {
  readonly state: EmbeddedState;
  /** Hears the state now and at every change. Returns the way to stop. */
  onState(listener: (state: EmbeddedState) => void): () => void;
  /**
   * Publishers hear of a message's receipt only after that client, of this process, has acknowledged it. Returns the way to
   * stop; unless it is forgotten, the client is still waited for as long as a deploy may take.
   */
  guard(clientId: string, isReady: () => boolean): (forget: boolean) => void;
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  /** 0: any free one. */
  port: number;
  warn(text: string): void;
  limits?: typeof embeddedLimits;
  /** Resolves when the nodes that may subscribe are there; until then publishers wait. @default at once */
  started?: Promise<void>;
}

const running = new Map<number, EmbeddedBroker>();

/** Where the embedded broker listens, such as `mqtt://127.0.0.1:1883`; undefined when none does. */
export function embeddedBrokerAddress(port?: number): string | undefined {
  for (const [configured, broker] of running)
    if ((port === undefined || port === configured) && broker.state.state === "listening") return broker.state.url;
  return undefined;
}

/** Starts the broker. A port that is taken is tried again, later and later; the state says so. */
export function openEmbeddedBroker(options: EmbeddedOptions): EmbeddedBroker {
  const { port, warn, limits = embeddedLimits, started = Promise.resolve() } = options;
  const listeners = new Set<(state: EmbeddedState) => void>();
  const sockets = new Set<Socket>();
  let state: EmbeddedState = { state: "connecting" };
  let aedes: Aedes | undefined;
  let custody: Custody | undefined;
  /** Guarded before aedes was there. */
  const early: ((to: Custody) => void)[] = [];
  let server: Server | undefined;
  let timer: NodeJS.Timeout | undefined;
  let attempt = 0;
  let closed = false;

  function become(next: EmbeddedState): void {
    state = next;
    for (const listener of [...listeners]) listener(next);
  }

  /** One line for many: a full queue would fill the log as well. */
  let dropped = 0;
  function onDropped(what: string): void {
    if (++dropped === 1 || dropped % 10_000 === 0)
      warn(
        `The embedded MQTT broker is full and dropped ${what} (${dropped} so far). Use mosquitto for larger queues.`,
      );
  }

  async function start(): Promise<void> {
    // aedes is an ES module; import() also works on Node 22.9 to 22.11.
    const { Aedes: Broker } = await import("aedes");
    if (closed) return;
    const broker = await Broker.createBroker({
      // A publisher that is held back must hold nobody else back: the nodes may have to publish before they take more.
      concurrency: 0,
    });
    aedes = broker;
    const connected = new Set<string>();
    broker.on("client", (client) => connected.add(client.id));
    broker.on("clientDisconnect", (client) => connected.delete(client.id));
    // A client's fault is no fault of the broker; unheard, this event would end the process.
    (broker as NodeJS.EventEmitter).on("error", (error) => warn(`Embedded MQTT broker: ${String(error)}`));
    const { persistence } = broker as unknown as { persistence: Persistence };
    const { custodyMs: patienceMs, startupMs } = limits;
    custody = takeCustody(broker, { patienceMs, startupMs, started });
    for (const guard of early.splice(0)) guard(custody);
    boundQueues(persistence, limits, (id) => connected.has(id), onDropped, custody.watch);
    listen();
  }

  function listen(): void {
    if (closed) return;
    const handle = aedes?.handle;
    server = createServer((socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.setNoDelay(true);
      limitPackets(socket, limits.maxPacketBytes);
      handle?.(socket);
    });
    server.maxConnections = limits.maxConnections;
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE" || error.code === "EACCES";
      const detail = taken
        ? `Port ${port} is taken by another program. Set TWIN_MQTT_PORT, or the port of the twin-broker, to a free one, or stop that program.`
        : `Port ${port} cannot be used: ${error.message}.`;
      if (attempt === 0) warn(`The embedded MQTT broker cannot start. ${detail}`);
      become({ state: "failed", detail });
      timer = setTimeout(listen, backoffMs(attempt++));
      timer.unref();
    });
    const mine = server;
    mine.listen(port, "127.0.0.1", () => {
      // Closed while it was on its way: nothing could be closed then.
      if (closed) return void mine.close();
      const address = mine.address();
      attempt = 0;
      if (address && typeof address === "object")
        become({ state: "listening", url: `mqtt://127.0.0.1:${address.port}` });
    });
  }

  const broker: EmbeddedBroker = {
    get state() {
      return state;
    },
    onState(listener) {
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
    guard(clientId, isReady) {
      if (custody) return custody.guard(clientId, isReady);
      let stop: ((forget: boolean) => void) | undefined;
      let stopped = false;
      early.push((to) => {
        if (!stopped) stop = to.guard(clientId, isReady);
      });
      return (forget) => {
        stopped = true;
        stop?.(forget);
      };
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      custody?.close();
      if (running.get(port) === broker) running.delete(port);
      await starting;
      const listening = server?.listening;
      const ended = listening ? new Promise<void>((resolve) => server?.close(() => resolve())) : undefined;
      if (aedes) await new Promise<void>((resolve) => aedes?.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await ended;
      become({ state: "connecting" });
    },
  };
  running.set(port, broker);
  const starting = start().catch((error: unknown) => become({ state: "failed", detail: String(error) }));
  return broker;
}
