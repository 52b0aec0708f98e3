import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { deserialize, serialize } from "node:v8";
import { encodeRecord, scan } from "../lib/segment-files";

/** Most bytes of a file: what was heard of last is kept. */
const maxBytes = 32 * 1024 * 1024;
/** What is older says nothing of a stream any more. */
const maxAgeMs = 30 * 86_400_000;
/** Ms of work before other work gets its turn. */
const sliceMs = 8;
const format = 1;

/** What is remembered under names, as it was saved. */
export interface Saved {
  /** Whether the process that saved it ended well, so that nothing came after it was saved. */
  isLast: boolean;
  /** The value under that name; given once. Undefined where there is none, or it is damaged. */
  take(name: string): unknown;
  /** What was not taken. */
  readonly left: ReadonlyMap<string, Buffer>;
}

/**
 * Values under names in a file, each with a checksum. While its owner runs the file is called `.open`, so that a process that
 * was killed is told from one that ended.
 */
export interface StateFile {
  /** Reads what was saved; nothing where there is none. What is damaged is passed over, with a warning. */
  read(): Saved;
  /**
   * Writes a new file in place of the old one, in slices. Values are asked for one by one, in that order, each at some moment.
   * Gives the number of bytes.
   *
   * @param left what an earlier file had and nobody took: kept where there is room
   */
  write(names: readonly string[], savedOf: (name: string) => unknown, left: Saved["left"]): Promise<number>;
  /** The owner ends: what was written last is the last. */
  seal(): void;
  remove(): void;
}

export function stateFile(folder: string, name: string, warn: (text: string) => void): StateFile {
  const sealed = path.join(folder, `${name}.state`);
  const unsealed = path.join(folder, `${name}.open`);

  return {
    read() {
      removeOld(folder);
      let isLast = true;
      const left = new Map<string, Buffer>();
      try {
        renameSync(sealed, unsealed);
      } catch {
        isLast = false;
      }
      let content: Buffer;
      try {
        content = readFileSync(unsealed);
      } catch {
        content = Buffer.alloc(0);
      }
      const { records, damaged } = scan(content);
      let unknown = false;
      for (const { offset, length } of records.values()) {
        const payload = content.subarray(offset, offset + length);
        if (payload[0] !== format) unknown = true;
        else left.set(...nameAndValue(payload));
      }
      if (damaged > 0) warn(`${damaged} bytes of ${unsealed} are damaged. What they remembered begins anew.`);
      if (unknown) warn(`${unsealed} is of another version. What it remembered begins anew.`);
      return {
        isLast,
        left,
        take(name) {
          const value = left.get(name);
          if (!value) return undefined;
          left.delete(name);
          try {
            return deserialize(value) as unknown;
          } catch {
            return undefined;
          }
        },
      };
    },

    async write(names, savedOf, left) {
      mkdirSync(folder, { recursive: true });
      const fresh = `${unsealed}.new`;
      const file = await open(fresh, "w");
      let bytes = 0;
      let parts: Buffer[] = [];
      const flush = async (): Promise<void> => {
        if (parts.length > 0) await file.writeFile(Buffer.concat(parts));
        parts = [];
      };
      try {
        let started = performance.now();
        for (const record of recordsOf(names, savedOf, [...left])) {
          if (bytes + record.length > maxBytes) break;
          bytes += record.length;
          parts.push(record);
          if (performance.now() - started < sliceMs) continue;
          await flush();
          await nextTurn();
          started = performance.now();
        }
        await flush();
        await file.datasync();
      } finally {
        await file.close();
      }
      renameSync(fresh, unsealed);
      return bytes;
    },

    seal() {
      try {
        renameSync(unsealed, sealed);
      } catch {
        // Nothing was written: there is nothing to seal.
      }
    },
    remove() {
      for (const file of [sealed, unsealed, `${unsealed}.new`]) rmSync(file, { force: true });
    },
  };
}

function* recordsOf(
  names: readonly string[],
  savedOf: (name: string) => unknown,
  left: readonly (readonly [string, Buffer])[],
): Generator<Buffer> {
  let number = 0;
  for (const name of names) {
    const value = savedOf(name);
    if (value !== undefined) yield encodeRecord(++number, payloadOf(name, serialize(value)));
  }
  for (const [name, value] of left) yield encodeRecord(++number, payloadOf(name, value));
}

/** A byte for the format, two for the length of the name, the name, the value. */
function payloadOf(name: string, value: Buffer): Buffer {
  const text = Buffer.from(name);
  const head = Buffer.alloc(3);
  head.writeUInt8(format, 0);
  head.writeUInt16LE(text.length, 1);
  return Buffer.concat([head, text, value]);
}

function nameAndValue(payload: Buffer): [string, Buffer] {
  const end = 3 + payload.readUInt16LE(1);
  return [payload.toString("utf8", 3, end), payload.subarray(end)];
}

/** Files of nodes that are gone, such as those deleted while Node-RED did not run. */
function removeOld(folder: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names) {
    const file = path.join(folder, name);
    try {
      if (Date.now() - statSync(file).mtimeMs > maxAgeMs) rmSync(file, { force: true });
    } catch {
      // Another node was quicker.
    }
  }
}
