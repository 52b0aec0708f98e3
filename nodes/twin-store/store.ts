import type { CommandRecord, CommandState } from "../../engine/command/command-record";
import type { Changes, TwinDocument } from "../../engine/contract/document";
import type { Drift } from "../../engine/learning/drift/drift-watch";
import type { DocumentPatch } from "../../engine/twin/document-patch";
import type { Moment } from "../../engine/twin/moment";

/**
 * What a `twin-store` node offers. Nodes see only this, so that a shared backend for several Node-REDs (NATS JetStream KV)
 * can take the embedded one's place. Every promise resolves when the result is durable at the store's level, and rejects
 * with a `Failure`.
 */
export interface TwinStore {
  readonly twins: TwinCollection;
  readonly models: ModelRegistry;
  readonly journal: Journal;
  readonly commands: CommandLog;
}

/**
 * Commands to devices, written down before they are sent: what makes a repeat known as one. Bounded: the oldest are
 * forgotten. What is refused because of who wants it is kept apart: it must use up neither an id nor the room of the others.
 */
export interface CommandLog {
  /** Writes it down under its id; with the record that stands there when there is one already, and changes nothing. */
  add(record: CommandRecord): Promise<CommandRecord | undefined>;
  /** Replaces the record of that id. */
  put(record: CommandRecord): Promise<void>;
  get(id: string): Promise<CommandRecord | undefined>;
  /** Those of that twin-command node that have not ended, oldest first. */
  open(node: string): Promise<CommandRecord[]>;
  /** Writes down what was refused because of who wanted it. */
  addRefusal(record: CommandRecord): Promise<void>;
  /** Newest first. */
  list(filter?: CommandFilter, cursor?: string, limit?: number): Promise<CommandPage>;
}

export interface CommandFilter {
  /** What was refused because of who wanted it, in place of the others. @default false */
  refusals?: boolean;
  twin?: string;
  state?: CommandState;
}

export interface CommandPage {
  commands: CommandRecord[];
  /** Where the next page begins; absent on the last. */
  cursor?: string;
}

/**
 * What doors took in, written down before it is acknowledged and kept until every branch of the flow is done with it.
 * Bounded; whoever reads it must bear repeats.
 */
export interface Journal {
  /**
   * Writes an entry of that source (a node's id) down and returns its number: rising, and its name until it is released.
   * It survives the end of the process then. Throws a `Failure`, `busy` when the journal is full: then do not acknowledge.
   *
   * @param soon write it at the end of this turn, together with others: until `durable` resolves, do not acknowledge
   */
  append(source: string, data: string, soon?: boolean): number;
  /** Resolves when all that was appended is durable at the store's level; undefined when it is already. */
  durable(): Promise<void> | undefined;
  release(number: number): void;
  /** The entries of that source that were not released, oldest first, as of now. */
  unreleased(source: string): Generator<{ number: number; data: Buffer }>;
  /** One entry again, or undefined when it was released. */
  read(number: number): Buffer | undefined;
  /** The latest entries of that source that the last process left, released ones too: at least a few megabytes of them. */
  recent(source: string): Generator<Buffer>;
  readonly size: { records: number; bytes: number };
}

/**
 * What an update of a twin makes of its document: the next one (a new object), or what of the present one is another. A patch costs the
 * store what it holds, a document what the twin holds.
 */
export type TwinUpdate = UpdateNotes &
  ({ document: TwinDocument; patch?: undefined } | { document?: undefined; patch: DocumentPatch });

interface UpdateNotes {
  changed: Changes;
  /** Whether watchers hear of it, as `change` where nothing did. What changes nothing but times is stored silently. */
  notify: boolean;
  /** Seconds without a report after which the twin is stale. 0: never. Absent: as before. */
  staleAfter?: number;
  /** Whose answer the event is: `msg.clientToken`, told to watchers. */
  clientToken?: string;
}

/** What is known of a twin's past. */
export interface TwinPast {
  /** The document as it was; absent when it is not kept, or when there was none yet. */
  document?: TwinDocument;
  /** The oldest that is kept, when that was not reached. */
  oldest?: { rev: number; time: number };
}

export type TwinEventName = "change" | "delta" | "status" | "ack";

export interface TwinEvent {
  id: string;
  /** Rises with every event of the store: see {@link TwinPage}. */
  position: number;
  /** Which aspects changed. */
  events: TwinEventName[];
  /** Absent: the twin is new. */
  before?: TwinDocument;
  /** Absent: the twin was deleted. */
  after?: TwinDocument;
  changed: Changes;
  clientToken?: string;
  /** From 1: nothing changed, the delta is told again. */
  reminder?: number;
}

export interface TwinFilter {
  model?: string;
  status?: string;
  /** Twin id, with `*` for any run of characters. */
  id?: string;
}

export interface TwinPage {
  twins: TwinDocument[];
  /** Where the next page begins; absent on the last. */
  cursor?: string;
  /** What events up to it tell is in the documents of this page; what later ones tell is not. */
  position: number;
}

export interface TwinCollection {
  /** The document as it is now. It is shared: never change it. */
  get(id: string): Promise<TwinDocument | undefined>;
  /**
   * The document as it was at an instant (the last one that was stored until then), or the last one of that revision. Undefined when there is
   * no such twin.
   */
  at(id: string, moment: Moment): Promise<TwinPast | undefined>;
  /**
   * Durable documents in order of their ids (by code unit), at most `limit` of them, after `cursor`. Fewer, or none, where many had to be
   * passed over: only a page without a `cursor` is the last.
   */
  list(filter?: TwinFilter, cursor?: string, limit?: number): Promise<TwinPage>;
  /**
   * Compare and set: `change` sees the present document and gives the next one, or undefined to leave it. What it sees it must not keep.
   * It may be called again when somebody else was faster. What it throws rejects the promise, with nothing changed.
   * Updates take effect, and their promises resolve, in the order of the calls.
   */
  update(
    id: string,
    change: (current: TwinDocument | undefined) => TwinUpdate | undefined,
  ): Promise<TwinDocument | undefined>;
  /** Several updates at once, in this order; one twin may come more than once. Durable together, or not at all. `change` must not throw. */
  updateAll(
    ids: readonly string[],
    change: (index: number, current: TwinDocument | undefined) => TwinUpdate | undefined,
  ): Promise<void>;
  /** Whether there was one. `check` sees it as it goes: what it throws rejects the promise, and the twin stays. */
  delete(id: string, check?: (current: TwinDocument) => void): Promise<boolean>;
  /**
   * Hears every change, in order per twin, after it is durable. Returns the way to stop.
   *
   * @param wants whether an event of that twin, with those aspects, is of interest: what nobody wants is not made. Others may come, too.
   */
  watch(
    listener: (event: TwinEvent) => void,
    wants?: (id: string, events: readonly TwinEventName[]) => boolean,
  ): () => void;
}

/** One version of a trained model. Versions are never changed, only added. */
export interface ModelVersion {
  name: string;
  /** From 1. */
  version: number;
  /** Ms since 1970-01-01 UTC. */
  createdAt: number;
  /** The report of `twin-train`. */
  report: Record<string, unknown>;
  /** The serialised model, JSON. */
  model: string;
  /** Aliases that point to it, such as `champion`. */
  aliases: string[];
  /** Who found it good for use, and why. */
  approved?: Signed;
  /** Who took it out of use, and why: no alias may point to it. */
  retired?: Signed;
  /** Who went back from it to the version before, and why. Absent again once the alias is pointed to it anew. */
  rolledBack?: Signed & { alias: string };
  /** Its serialised form does not match its checksum, and cannot be used: as a list has it, once that was found. */
  damaged?: true;
  /** What drifts, by each node that watches it, as it was told last. Absent: nothing. */
  drift?: DriftNote[];
}

/** A drift that was told, and the node that told it (`via`). */
export type DriftNote = Drift & { at: number; via: string; node: string };

/** Who did something to a model version, when, and why. */
export interface Signed {
  at: number;
  user?: string;
  role?: string;
  reason?: string;
  /** The node through which it was done. */
  via?: string;
}

/** One entry of the record of a model, which is only added to. */
export interface ModelEvent extends Signed {
  action: "promote" | "rollback" | "approve" | "retire" | "import" | "delete" | "drift";
  version: number;
  alias?: string;
  /** The version that the alias pointed to before. */
  before?: number;
  /** Of `drift`: what began or ended. */
  drift?: Drift;
  /** Of `drift`: name of the node that saw it. */
  node?: string;
}

export type ModelSummary = Omit<ModelVersion, "model">;

export interface ModelChange {
  name: string;
  /** When an alias moved: which one. */
  alias?: string;
  version: number;
  /** What stands in the record. Absent for a new version of a training, which is no entry of it. */
  event?: ModelEvent;
}

export interface ModelRegistry {
  /** Adds a version; `make` is given its number, so that the report can carry it. */
  add(
    name: string,
    make: (version: number) => { report: Record<string, unknown>; model: string },
    /** Of one that comes from elsewhere. */
    imported?: Omit<Signed, "at">,
  ): Promise<ModelVersion>;
  /** By alias (`champion`) or version (`3`). */
  get(name: string, use: string | number): Promise<ModelVersion | undefined>;
  /** Newest first. */
  list(name?: string): Promise<ModelSummary[]>;
  /**
   * Points the alias to that version. Rejects with `Refusal`: `not-found` when there is no such version, `version-conflict`
   * when it is retired, and with what `check` throws on seeing it. This and what follows resolve with the version as it is then.
   */
  promote(
    name: string,
    version: number,
    alias?: string,
    by?: Omit<Signed, "at">,
    check?: (version: ModelSummary) => void,
  ): Promise<ModelSummary>;
  /** Points the alias back to the version before that is neither retired nor gone. `not-found` when there is none. */
  rollback(name: string, alias: string, by?: Omit<Signed, "at">): Promise<ModelSummary>;
  approve(name: string, version: number, by?: Omit<Signed, "at">): Promise<ModelSummary>;
  /** `version-conflict` while an alias points to it. */
  retire(name: string, version: number, by?: Omit<Signed, "at">): Promise<ModelSummary>;
  /** Removes a version for good, and gives it as it was; its number is not given again. `version-conflict` while an alias points to it. */
  delete(name: string, version: number, by?: Omit<Signed, "at">): Promise<ModelSummary>;
  /**
   * Writes down that a version has begun or ceased to drift, as the node `via` (its name: `node`) sees it. `not-found` as `promote`.
   */
  drifted(name: string, version: number, drift: Drift, by: { via: string; node: string }): Promise<void>;
  /** What was done to a model, newest first. Bounded: the oldest entries are forgotten. */
  events(name: string): Promise<ModelEvent[]>;
  /** Hears of every new version and of all that is done to one, after it is durable. */
  watch(listener: (change: ModelChange) => void): () => void;
}
