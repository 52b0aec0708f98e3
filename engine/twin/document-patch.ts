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
  for (const field of Object.keys(is)) {
    const [old, value] = [own(was, field), is[field]];
    if (old === value || value === undefined) continue;
    if (isMap(old) && isMap(value)) diffMaps(patch, field, old, value);
    else {
      patch.set ??= {};
      patch.set[field] = value;
    }
  }
  const gone = Object.keys(was).filter((field) => was[field] !== undefined && own(is, field) === undefined);
  if (gone.length > 0) patch.drop = gone;
  return patch;
}

function diffMaps(patch: DocumentPatch, field: string, old: Fields, value: Fields): void {
  let put: unknown[] | undefined;
  let last: unknown;
  let shared = 0;
  for (const name in value) {
    const [known, entry] = [own(old, name), value[name]];
    if (known !== undefined && entry !== undefined) shared++;
    if (known === entry || entry === undefined) continue;
    if (!put) put = [name, entry];
    else if (entry === last && isMap(entry)) addName(put, name);
    else put.push(name, entry);
    last = entry;
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

function addName(put: unknown[], name: string): void {
  const at = put.length - 2;
  const names = put[at];
  if (Array.isArray(names)) names.push(name);
  else put[at] = [names, name];
}

/** The document that `diffDocuments` was given as `after`. The given one is not changed. */
export function applyPatch<T extends object>(before: T, { set, drop, put, out }: DocumentPatch): T {
  const after = { ...before, ...set } as Fields;
  for (const field of drop ?? []) delete after[field];
  for (const [field, entries] of Object.entries(put ?? {}))
    after[field] = { ...(after[field] as Fields), ...fromList(entries) };
  for (const [field, names] of Object.entries(out ?? {})) {
    const map = { ...(after[field] as Fields) };
    for (const name of names) delete map[name];
    after[field] = map;
  }
  return after as T;
}

/** As own properties, whatever their names. */
const fromList = (list: readonly unknown[]): Fields =>
  Object.fromEntries(
    list.flatMap((names, at) => (at % 2 === 0 ? [names].flat().map((name) => [name, list[at + 1]]) : [])),
  );

const isMap = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

const own = (map: Fields, name: string): unknown => (Object.hasOwn(map, name) ? map[name] : undefined);
