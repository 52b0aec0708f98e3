import type { EventEmitter } from "node:events";

/** The part of Node-RED's runtime API that this package uses. Everything here is public API of Node-RED 4 and 5. */
export interface NodeRed {
  nodes: {
    createNode(node: RedNode, def: RedDef): void;
    registerType(type: string, construct: (this: RedNode, def: RedDef) => void, options?: RegisterOptions): void;
    getNode(id: string): RedNode | null | undefined;
  };
  settings: Record<string, unknown> & { userDir?: string };
  /** Express application of the flows' own HTTP endpoints. */
  httpNode: HttpApp;
  httpAdmin: HttpApp;
  auth: { needsPermission(permission: string): unknown };
  util: { cloneMessage<T>(message: T): T; evaluateNodeProperty?: unknown };
  log: { info(text: string): void; warn(text: string): void; error(text: string): void };
  events: EventEmitter;
  hooks?: unknown;
  /** Text of the node's catalogue in the runtime's language. */
  _(key: string, params?: Record<string, unknown>): string;
}

export interface HttpApp {
  use(...handlers: unknown[]): unknown;
  get(path: string, ...handlers: unknown[]): unknown;
  post(path: string, ...handlers: unknown[]): unknown;
}

export interface RegisterOptions {
  credentials?: Record<string, { type: "text" | "password" }>;
  settings?: Record<string, unknown>;
}

/** What the editor stored: every field is unchecked. */
export interface RedDef {
  id: string;
  type: string;
  z?: string;
  name?: string;
  [field: string]: unknown;
}

export interface NodeStatus {
  fill?: "red" | "green" | "yellow" | "blue" | "grey";
  shape?: "ring" | "dot";
  text?: string;
  /** Further fields reach core status nodes; the editor is sent only those above. */
  [field: string]: unknown;
}

export type Message = Record<string, unknown> & { _msgid?: string; topic?: unknown; payload?: unknown };
/** One message, one per output (null: nothing), or several per output. */
export type Outgoing = Message | null | (Message | Message[] | null)[];
export type Send = (messages: Outgoing) => void;
export type Done = (error?: Error) => void;

export interface RedNode extends EventEmitter {
  id: string;
  type: string;
  z?: string;
  /** Of a node in an instance of a subflow: its id in the template, by which the editor knows it. */
  _alias?: string;
  name?: string;
  credentials?: Record<string, string>;
  /** The object that a configuration node of ours offers to flow nodes. */
  twinApi?: unknown;
  /** Why a configuration node of ours offers nothing. */
  twinError?: Error;
  status(status: NodeStatus): void;
  send(messages: Outgoing): void;
  error(error: unknown, msg?: Message): void;
  warn(text: string): void;
  log(text: string): void;
}
