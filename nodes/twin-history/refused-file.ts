import { open, rename, stat } from "node:fs/promises";
import path from "node:path";
import type { RefusalInfo } from "../../engine/contract/errors";
import type { Sample } from "../../engine/contract/messages";

/** What the server refused long after its message went on: nobody waits for an answer any more, so it stands in a file. */
export interface RefusedFile {
  readonly path: string;
  /** Resolves when they are on disk. */
  add(refused: readonly RefusedSample[]): Promise<void>;
  /** Samples since this process began. */
  count(): number;
  /** Says in the log what it has not said yet. By itself that happens once a minute at most. */
  tell(): void;
}

export interface RefusedSample {
  sample: Sample;
  error: RefusalInfo;
}

export const maxRefusedBytes = 16 * 1024 * 1024;
const tellMs = 60_000;

/**
 * `refused.jsonl`: one JSON object a line, `{ time, sample, error }`. At 16 MiB it becomes `refused.1.jsonl`, in place of the one
 * before.
 */
export function createRefusedFile(
  folder: string,
  warn: (text: string) => void,
  maxBytes = maxRefusedBytes,
): RefusedFile {
  const file = path.join(folder, "refused.jsonl");
  let count = 0;
  let told = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let last = "";

  function tell(): void {
    if (count === told) return;
    warn(
      `InfluxDB refused ${count - told} samples from the spool. They stand in ${file} with the reasons, such as: ${last}`,
    );
    told = count;
    toldAt = performance.now();
  }

  return {
    path: file,
    count: () => count,
    tell,
    async add(refused) {
      if (refused.length === 0) return;
      const time = new Date().toISOString();
      const text = refused.map(({ sample, error }) => `${JSON.stringify({ time, sample, error })}\n`).join("");
      const size = await stat(file).then(
        ({ size }) => size,
        () => 0,
      );
      if (size > 0 && size + Buffer.byteLength(text) > maxBytes)
        await rename(file, path.join(folder, "refused.1.jsonl"));
      const handle = await open(file, "a");
      try {
        await handle.appendFile(text);
        await handle.datasync();
      } finally {
        await handle.close();
      }
      count += refused.length;
      last = refused.at(-1)?.error.message ?? "";
      if (performance.now() - toldAt > tellMs) tell();
    },
  };
}
