import type { TwinDocument } from "../contract/document";
import { addEntry, type DocumentPatch, diffField } from "./document-patch";

/** A map about to change: what is there, and beside it what takes its place. The map itself, however large, stays as it is. */
export class MapDraft<Value> {
  /** Undefined: it is gone. */
  #changes: Map<string, Value | undefined> | undefined;

  constructor(private readonly base: Readonly<Record<string, Value>>) {}

  get(name: string): Value | undefined {
    const changed = this.#changes?.get(name);
    if (changed !== undefined || this.#changes?.has(name)) return changed;
    return Object.hasOwn(this.base, name) ? this.base[name] : undefined;
  }

  set(name: string, value: Value): void {
    this.#changes ??= new Map();
    this.#changes.set(name, value);
  }

  delete(name: string): void {
    this.#changes ??= new Map();
    this.#changes.set(name, undefined);
  }

  /** Adds to the patch what is another than in the map. */
  describe(patch: DocumentPatch, field: string): void {
    if (!this.#changes) return;
    let put: unknown[] | undefined;
    let out: string[] | undefined;
    for (const [name, value] of this.#changes) {
      const known = Object.hasOwn(this.base, name) ? this.base[name] : undefined;
      if (value === known) continue;
      if (value !== undefined) put = addEntry(put, name, value);
      else if (out) out.push(name);
      else out = [name];
    }
    if (put) patch.put = { ...patch.put, [field]: put };
    if (out) patch.out = { ...patch.out, [field]: out };
  }
}

/** A document about to change. */
export interface Draft {
  readonly before: TwinDocument;
  /** To be set at will, but for the maps below: those are still the document's own. */
  readonly fields: TwinDocument;
  readonly reported: MapDraft<TwinDocument["reported"][string]>;
  readonly meta: MapDraft<TwinDocument["meta"][string]>;
}

export const draftOf = (before: TwinDocument): Draft => ({
  before,
  fields: { ...before },
  reported: new MapDraft(before.reported),
  meta: new MapDraft(before.meta),
});

/** What differs, in the time that it takes to look at what was touched, not at the whole document. */
export function patchOf({ before, fields, reported, meta }: Draft): DocumentPatch {
  const patch: DocumentPatch = {};
  for (const field of changing) diffField(patch, field, before[field], fields[field]);
  reported.describe(patch, "reported");
  meta.describe(patch, "meta");
  return patch;
}

const changing = [
  "rev",
  "updatedAt",
  "model",
  "modelTs",
  "modelVersion",
  "desired",
  "desiredVia",
  "desiredBy",
  "delta",
  "ack",
  "loop",
  "status",
  "statusAt",
] as const satisfies (keyof TwinDocument)[];
