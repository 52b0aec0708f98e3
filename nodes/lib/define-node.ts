import path from "node:path";
import { errorCodes, Failure, Refusal, type RefusalInfo } from "../../engine/contract/errors";
import { onceFlowsStarted } from "./flows-started";
import { addMetrics, type Metric, serveMetrics } from "./metrics";
import type { Done, Message, NodeRed, Outgoing, RedDef, RedNode, Send } from "./node-red";
import { acquire, type Lease } from "./shared";
import { type State, statusOf } from "./status";

/** What a node's code may use of its surroundings. */
export interface Host {
  readonly red: NodeRed;
  readonly node: RedNode;
  readonly id: string;
  /** Folder that everything is written under. */
  readonly home: string;
  /**
   * Shows the status badge. A text that costs something is given as a function, called only when the badge does change.
   *
   * @param more fields beside the badge, in `msg.status` of a core status node
   */
  show(state: State, text?: string | (() => string), more?: () => Record<string, unknown>): void;
  /** Text of the node's own catalogue, such as `text("status.waiting")`. */
  text(key: string, params?: Record<string, unknown>): string;
  /**
   * What the configuration node that a setting refers to offers. With an absent setting: that of a configuration node
   * with default settings, which the process holds. Throws {@link Failure} when the node is missing or misconfigured.
   */
  use<T>(configType: string, reference: unknown): T;
  /** Like {@link use}, but undefined for an absent setting. */
  useIfSet<T>(configType: string, reference: unknown): T | undefined;
  /** The refused message for the refusal output: `msg` with `error` and, when it came from HTTP, `statusCode`. */
  refused(msg: Message, info: RefusalInfo, extra?: Record<string, unknown>): Message;
  /** Puts a message on the outputs outside of an `input` call. */
  send(messages: Outgoing): void;
  /** Reports a failure that no message is to blame for (log, and the Catch node). */
  fail(error: unknown): void;
  warn(text: string): void;
  log(text: string): void;
  /** Adds what `read` gives to `GET <admin>/meditwin/metrics`, with the node's id and name, until the node closes. */
  metrics(read: () => Metric[]): void;
  /** Called once when the flows run: the nodes that listen to this one exist then. Not after the node has closed. */
  onFlowsStarted(begin: () => void): void;
  /** Called when the node closes, before the next deploy's nodes start. All are awaited. */
  onClose(dispose: Dispose): void;
}

/** @param removed the node was deleted, and no deploy brings it back */
type Dispose = (removed: boolean) => void | Promise<void>;

export interface Running {
  /** Handles one message. Throw a `Refusal` to refuse it, any other error to fail it. */
  input?(msg: Message, send: Send): void | Promise<void>;
}

export interface NodeSpec<Settings> {
  type: string;
  /** @default 2 */
  outputs?: number;
  /** Output for refused data, from 0. @default the last */
  refusalOutput?: number;
  /** One message at a time, in order of arrival. @default false */
  serial?: boolean;
  credentials?: Record<string, { type: "text" | "password" }>;
  /** Stored definition to checked settings. Throws `SettingError`. `credentials` stand beside the other fields. */
  readSettings(def: Record<string, unknown>): Settings;
  start(host: Host, settings: Settings): Running;
  /** Serves what the node's form asks of the server; called when the type is registered. */
  serve?(red: NodeRed): void;
}

export interface ConfigSpec<Settings, Api> {
  type: string;
  credentials?: Record<string, { type: "text" | "password" }>;
  readSettings(def: Record<string, unknown>): Settings;
  /** Opens what the node stands for. Whatever must outlive a deploy is acquired from `shared.ts`. */
  open(host: ConfigHost, settings: Settings): { api: Api; close: Dispose };
  /** What `GET <admin>/meditwin/metrics` says of it; called at each request, so it must be cheap. */
  metrics?(api: Api): Metric[];
  /** Serves what the node's form asks of the server; called when the type is registered. */
  serve?(red: NodeRed): void;
}

export interface ConfigHost {
  readonly red: NodeRed;
  readonly home: string;
  /** Absent for the instance with default settings that the process holds. */
  readonly node?: RedNode;
  /** What another configuration node offers, as `Host.use`. */
  use<T>(configType: string, reference: unknown): T;
  log(text: string): void;
  warn(text: string): void;
}

type Registration = (red: NodeRed) => void;

/** Node-RED abandons a close after 15 s; ours gives up waiting for messages in flight well before. */
const closeWaitMs = 4000;
/** Most messages that wait in a serial node. Beyond that they are refused as `busy`. */
const maxWaiting = 50_000;

/** The one place that knows Node-RED's life cycle: see docs/architecture.md. */
export function defineNode<Settings>(spec: NodeSpec<Settings>): Registration {
  const outputs = spec.outputs ?? 2;
  const refusalOutput = spec.refusalOutput ?? outputs - 1;

  return (red) => {
    spec.serve?.(red);
    function construct(this: RedNode, def: RedDef): void {
      red.nodes.createNode(this, def);
      const disposers: Dispose[] = [];
      const host = hostOf(red, this, spec.type, disposers);
      const inFlight = createInFlight();
      let closing = false;
      this.on("close", (removed: boolean, done: () => void) => {
        closing = true;
        void closeAll(removed, inFlight, disposers, this).then(done);
      });

      let running: Running;
      try {
        running = spec.start(host, spec.readSettings({ ...def, ...this.credentials }));
      } catch (error) {
        host.show("misconfigured", messageOf(error));
        this.error(messageOf(error));
        // The node stays loaded and says for each message why nothing happens.
        this.on("input", (_msg: Message, _send: Send, done: Done) => done(failureOf(error)));
        return;
      }
      if (!running.input) return;
      const input = running.input;

      /** Settles the message: undefined for a node that is done with it already, which then costs no promise. */
      const handle = (msg: Message, send: Send, done: Done): Promise<void> | undefined => {
        const failed = (error: unknown): void => {
          if (!(error instanceof Refusal)) {
            done(failureOf(error));
            return;
          }
          host.show("refused", error.message);
          const out: (Message | null)[] = Array.from({ length: outputs }, () => null);
          out[refusalOutput] = host.refused(msg, error.info, error.extra);
          send(out);
          done();
        };
        let pending: void | Promise<void>;
        try {
          pending = input(msg, send);
        } catch (error) {
          failed(error);
          return undefined;
        }
        if (pending) return pending.then(() => done(), failed);
        done();
        return undefined;
      };

      let tail: Promise<void> = Promise.resolve();
      this.on("input", (msg: Message, send: Send, done: Done) => {
        if (closing)
          return done(new Failure("busy", "The node is closing.", "Send the message again after the deploy.", true));
        if (spec.serial && inFlight.size >= maxWaiting) {
          const out: (Message | null)[] = Array.from({ length: outputs }, () => null);
          out[refusalOutput] = host.refused(msg, {
            code: "busy",
            message: `${maxWaiting} messages are waiting in this node.`,
            hint: "Send more slowly, or gather samples into batches.",
          });
          send(out);
          return done();
        }
        const work =
          spec.serial && inFlight.size > 0 ? tail.then(() => handle(msg, send, done)) : handle(msg, send, done);
        if (!work) return;
        tail = work;
        inFlight.begin();
        void work.finally(inFlight.end);
      });
    }
    red.nodes.registerType(spec.type, construct, spec.credentials ? { credentials: spec.credentials } : undefined);
  };
}

interface ConfigEntry {
  readSettings(def: Record<string, unknown>): unknown;
  open(host: ConfigHost, settings: never): { api: unknown; close: Dispose };
  metrics?(api: unknown): Metric[];
}

const configTypes = new Map<string, ConfigEntry>();

/** A configuration node: flow nodes reach its `api` through `host.use`. */
export function defineConfigNode<Settings, Api>(spec: ConfigSpec<Settings, Api>): Registration {
  return (red) => {
    configTypes.set(spec.type, spec as unknown as ConfigEntry);
    if (spec.metrics) serveMetrics(red);
    spec.serve?.(red);
    function construct(this: RedNode, def: RedDef): void {
      red.nodes.createNode(this, def);
      const disposers: Dispose[] = [];
      try {
        const settings = spec.readSettings({ ...def, ...this.credentials });
        const { api, close } = spec.open(
          configHostOf(red, disposers, { node: this, log: (text) => this.log(text), warn: (text) => this.warn(text) }),
          settings,
        );
        this.twinApi = api;
        disposers.push(close);
        const { metrics } = spec;
        if (metrics) disposers.push(addMetrics({ node: this.id, name: this.name ?? "" }, () => metrics(api)));
      } catch (error) {
        this.twinError = failureOf(error);
        this.error(messageOf(error));
      }
      this.on("close", (removed: boolean, done: () => void) => {
        void closeAll(removed, createInFlight(), disposers, this).then(done);
      });
    }
    red.nodes.registerType(spec.type, construct, spec.credentials ? { credentials: spec.credentials } : undefined);
  };
}

function hostOf(red: NodeRed, node: RedNode, type: string, disposers: Dispose[]): Host {
  return {
    red,
    node,
    id: node.id,
    home: homeOf(red),
    show: createBadge(node, disposers),
    text: (key, params) => red._(`${type}.${key}`, params),
    use: <T>(configType: string, reference: unknown) => useConfig<T>(red, configType, reference, disposers),
    useIfSet: <T>(configType: string, reference: unknown) =>
      isReference(reference) ? useConfig<T>(red, configType, reference, disposers) : undefined,
    refused(msg, info, extra) {
      const out: Message = { ...msg, ...extra, error: info };
      if (msg.req || msg.res) out.statusCode = errorCodes[info.code];
      return out;
    },
    send: (messages) => node.send(messages),
    fail: (error) => node.error(failureOf(error)),
    warn: (text) => node.warn(text),
    log: (text) => node.log(text),
    metrics(read) {
      serveMetrics(red);
      disposers.push(addMetrics({ node: node.id, name: node.name ?? "" }, read));
    },
    onFlowsStarted(begin) {
      disposers.push(onceFlowsStarted(red.events, begin));
    },
    onClose: (dispose) => disposers.push(dispose),
  };
}

/** Fewer status messages than samples: at most one per `badgeMs`, and none that says the same again. The last always shows. */
const badgeMs = 200;

function createBadge(node: RedNode, disposers: Dispose[]): Host["show"] {
  let shown = "";
  let next: Parameters<Host["show"]> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const put: Host["show"] = (state, given, more) => {
    const text = typeof given === "function" ? given() : given;
    const status = { ...more?.(), ...statusOf(state, text) };
    const key = JSON.stringify(status);
    if (key === shown) return;
    shown = key;
    node.status(status);
  };
  const later = (): void => {
    timer = undefined;
    if (!next) return;
    put(...next);
    next = undefined;
    timer = setTimeout(later, badgeMs).unref();
  };
  disposers.push(() => clearTimeout(timer));
  return (...given) => {
    if (timer) {
      next = given;
      return;
    }
    put(...given);
    timer = setTimeout(later, badgeMs).unref();
  };
}

function configHostOf(red: NodeRed, disposers: Dispose[], own: Pick<ConfigHost, "node" | "log" | "warn">): ConfigHost {
  return {
    red,
    home: homeOf(red),
    use: <T>(configType: string, reference: unknown) => useConfig<T>(red, configType, reference, disposers),
    ...own,
  };
}

const isReference = (reference: unknown): reference is string => typeof reference === "string" && reference !== "";

function useConfig<T>(red: NodeRed, configType: string, reference: unknown, disposers: Dispose[]): T {
  if (!isReference(reference)) {
    const lease = acquireDefault<T>(red, configType);
    disposers.push(() => lease.release());
    return lease.value;
  }
  const field = configType.replace("twin-", "");
  const found = red.nodes.getNode(reference);
  if (!found)
    throw new Failure(
      "bad-setting",
      `${field} refers to the node ${reference}, which is not there:`,
      "choose one in the form and deploy.",
    );
  if (found.twinError) throw new Failure("bad-setting", `${field}: ${found.twinError.message}`);
  if (found.type !== configType || found.twinApi === undefined)
    throw new Failure("bad-setting", `${field} refers to a ${found.type}:`, `choose a ${configType}.`);
  return found.twinApi as T;
}

/** The instance with default settings that the process holds for nodes whose reference is empty. */
function acquireDefault<T>(red: NodeRed, configType: string): Lease<T> {
  const spec = configTypes.get(configType);
  if (!spec)
    throw new Failure("bad-setting", `The node type ${configType} is not loaded.`, "Install the whole package.");
  return acquire<T>(`default:${configType}:${homeOf(red)}`, () => {
    const disposers: Dispose[] = [];
    const settings = spec.readSettings({});
    const opened = spec.open(
      configHostOf(red, disposers, { log: (text) => red.log.info(text), warn: (text) => red.log.warn(text) }),
      settings as never,
    );
    const { metrics } = spec;
    if (metrics) disposers.push(addMetrics({ node: "default", name: "" }, () => metrics(opened.api)));
    return {
      value: opened.api as T,
      async dispose() {
        await opened.close(false);
        for (const dispose of disposers) await dispose(false);
      },
    };
  });
}

/** Node-RED's user folder; `TWIN_HOME`, else `.node-red` here, where a test runs without one. */
function homeOf(red: NodeRed): string {
  const { userDir } = red.settings;
  return path.resolve(typeof userDir === "string" && userDir ? userDir : process.env.TWIN_HOME || ".node-red");
}

/** Counts messages that are being worked on. */
interface InFlight {
  readonly size: number;
  begin(): void;
  end(): void;
  /** Resolves when there is none. */
  idle(): Promise<void>;
}

function createInFlight(): InFlight {
  let size = 0;
  let onIdle: (() => void) | undefined;
  return {
    get size() {
      return size;
    },
    begin: () => void size++,
    end() {
      if (--size === 0) onIdle?.();
    },
    idle: () =>
      new Promise((resolve) => {
        if (size === 0) resolve();
        else onIdle = resolve;
      }),
  };
}

async function closeAll(removed: boolean, inFlight: InFlight, disposers: Dispose[], node: RedNode): Promise<void> {
  if (inFlight.size > 0) {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeWaitMs);
    });
    await Promise.race([inFlight.idle(), patience]);
    clearTimeout(timer);
  }
  for (const dispose of disposers.reverse()) {
    try {
      await dispose(removed);
    } catch (error) {
      node.log(messageOf(error));
    }
  }
  node.status({});
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Any error as one with a `code`. */
function failureOf(error: unknown): Error {
  if (error instanceof Error && "code" in error) return error;
  const failure = new Failure("bad-request", messageOf(error));
  if (error instanceof Error) failure.stack = error.stack;
  return failure;
}
