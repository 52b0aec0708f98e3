import type { Failure } from "../../engine/contract/errors";
import type { WriteVerdict } from "./influx-write";

/** How sending ended. `away`: the same again can succeed later. `refused`: not before somebody has mended something. */
export type Sent =
  | { kind: "sent" }
  | { kind: "away"; reason: string; afterMs?: number }
  | { kind: "refused"; failure: Failure };

/** Told of lines `from` to `to` (exclusive): the server took them, or will never take them. */
export interface LineFates {
  taken(from: number, to: number): void;
  bad(from: number, to: number, reason: string): void;
}

/**
 * Sends lines and halves what the server refuses, until exactly the bad lines are left; everything else is in on the way. A
 * `dropped` that counts every line of a part ends the halving: a batch of nothing but bad lines takes one request.
 */
export async function sendLines(
  write: (from: number, to: number) => Promise<WriteVerdict>,
  all: number,
  fates: LineFates,
): Promise<Sent> {
  const parts: [from: number, to: number][] = [[0, all]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to] = part;
    const count = to - from;
    const verdict = await write(from, to);
    if (verdict.kind === "retry") return { kind: "away", reason: verdict.reason, afterMs: verdict.afterMs };
    if (verdict.kind === "refused") return verdict;
    if (verdict.kind === "written") fates.taken(from, to);
    else if (count === 1 || verdict.dropped === count) fates.bad(from, to, verdict.reason);
    else {
      const middle = from + (count >> 1);
      parts.push([middle, to], [from, middle]);
    }
  }
  return { kind: "sent" };
}
