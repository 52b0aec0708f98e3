import { own } from "../contract/own";

/**
 * What one update changed in a document: small where the document is large. A field that is a map (`reported`, `meta`, ...)
 * is told entry by entry, everything else whole.
 */
export interface DocumentPatch {
  /** Fields that have another value. */
  set?: Record<string, unknown>;
  /** Fields that are gone. */
  drop?: string[];
  /**
   * Entries of maps that have another value, by field: name, value, name, value, ... In place of a name stands a list of them where
   * they share one object, as the properties of one sample do their time and quality.
   */
  put?: Record<string, unknown[]>;
  /** Entries of maps that are gone, by field. */
  out?: Record<string, string[]>;
}

type Fields = Record<string, unknown>;

/**
 * The patch that makes `after` of `before`, in the order of their keys too. Values are compared by identity: documents share what they
 * have in common. What is undefined is not there, as in JSON.
 */
export function diffDocuments(before: object, after: object): DocumentPatch {
  const [was, is] = [before as Fields, after as Fields];
  const patch: DocumentPatch = {};
  for (const field of Object.keys(is)) if (is[field] !== undefined) diffField(patch, field, own(was, field), is[field]);
  for (const field of Object.keys(was))
    if (own(is, field) === undefined) diffField(patch, field, was[field], undefined);
  return patch;
}

/** Adds to the patch what became of one field. */
export function diffField(patch: DocumentPatch, field: string, old: unknown, value: unknown): void {
  if (old === value) return;
  if (value === undefined) {
    patch.drop ??= [];
    patch.drop.push(field);
  } else if (isMap(old) && isMap(value)) diffMaps(patch, field, old, value);
  else {
    patch.set ??= {};
    patch.set[field] = value;
  }
}

function diffMaps(patch: DocumentPatch, field: string, old: Fields, value: Fields): void {
  let put: unknown[] | undefined;
  let shared = 0;
  for (const name in value) {
    const [known, entry] = [own(old, name), value[name]];
    if (known !== undefined && entry !== undefined) shared++;
    if (known === entry || entry === undefined) continue;
    put = addEntry(put, name, entry);
  }
  if (put) {
    patch.put ??= {};
    patch.put[field] = put;
  }
  const names = Object.keys(old);
  if (names.length === shared) return;
  const gone = names.filter((name) => old[name] !== undefined && own(value, name) === undefined);
  if (gone.length === 0) return;
  patch.out ??= {};
  patch.out[field] = gone;
}

/** The list of a `put` with one entry more. */
export function addEntry(put: unknown[] | undefined, name: string, entry: unknown): unknown[] {
  if (!put) return [name, entry];
  const at = put.length - 2;
  if (entry !== put[at + 1] || !isMap(entry)) {
    put.push(name, entry);
    return put;
  }
  const names = put[at];
  if (Array.isArray(names)) names.push(name);
  else put[at] = [names, name];
  return put;
}

/** The document that `diffDocuments` was given as `after`. The given one is not changed. */
export function applyPatch<T extends object>(before: T, { set, drop, put, out }: DocumentPatch): T {
  const after = { ...before, ...set } as Fields;
  for (const field of drop ?? []) delete after[field];
  for (const [field, entries] of Object.entries(put ?? {})) {
    const map = { ...(after[field] as Fields) };
    eachEntry(entries, (name, entry) => setOwn(map, name, entry));
    after[field] = map;
  }
  for (const [field, names] of Object.entries(out ?? {})) {
    const map = { ...(after[field] as Fields) };
    for (const name of names) delete map[name];
    after[field] = map;
  }
  return after as T;
}

/** Whether the patch does no more than put other values in the place of values that the document has: its shape stays. */
export function onlyReplaces(document: object, { set, drop, put, out }: DocumentPatch): boolean {
  if (drop || out) return false;
  const fields = document as Fields;
  for (const field in set) if (own(fields, field) === undefined) return false;
  for (const field in put) {
    const map = own(fields, field);
    let isThere = isMap(map);
    eachEntry(put[field] as unknown[], (name) => {
      isThere &&= own(map as Fields, name) !== undefined;
    });
    if (!isThere) return false;
  }
  return true;
}

/** Changes the given document. The patch must be one that {@link onlyReplaces}; what is returned takes it back. */
export function replaceIn(document: object, { set, put }: DocumentPatch): DocumentPatch {
  const fields = document as Fields;
  const undo: DocumentPatch = {};
  if (set) {
    undo.set = {};
    for (const field in set) {
      undo.set[field] = fields[field];
      fields[field] = set[field];
    }
  }
  if (put) {
    undo.put = {};
    for (const field in put) {
      const map = fields[field] as Fields;
      const old: unknown[] = [];
      eachEntry(put[field] as unknown[], (name, entry) => {
        old.push(name, map[name]);
        setOwn(map, name, entry);
      });
      undo.put[field] = old;
    }
  }
  return undo;
}

function eachEntry(list: readonly unknown[], take: (name: string, entry: unknown) => void): void {
  for (let at = 0; at < list.length; at += 2) {
    const names = list[at];
    if (Array.isArray(names)) for (const name of names) take(name as string, list[at + 1]);
    else take(names as string, list[at + 1]);
  }
}

/** As an own property, whatever its name. */
function setOwn(map: Fields, name: string, value: unknown): void {
  if (name === "__proto__")
    Object.defineProperty(map, name, { value, writable: true, enumerable: true, configurable: true });
  else map[name] = value;
}

const isMap = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
