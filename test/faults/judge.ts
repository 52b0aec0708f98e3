import type { TwinDocument } from "../../engine/contract/document";
import { check, type Evidence, type Verdict } from "./checker";
import type { HistoryReader } from "./history";
import type { NodeRed } from "./node-red";
import { pause } from "./stage";

/** How long what is older may come after the latest: it is sent again when the connection is there, before what is new. */
const lateMs = 8000;

export interface JudgeOptions extends Pick<Evidence, "byArrival" | "withoutSeq"> {
  acknowledged: readonly number[];
  history: HistoryReader;
  /** How long nothing may come into the history before what is missing counts as lost, ms: `lateMs` when the latest has come. */
  quietMs?: number;
  timeoutMs?: number;
}

/** Waits until all that was acknowledged has arrived, or nothing comes any more, and compares. */
export async function judge(
  nodeRed: NodeRed,
  { acknowledged, history, quietMs = lateMs, timeoutMs = 600_000, ...how }: JudgeOptions,
): Promise<Verdict> {
  await arrived(acknowledged, history, () => refusedNumbers(nodeRed), quietMs, timeoutMs);
  return check({
    ...how,
    acknowledged,
    rows: await history.rows(),
    refused: refusedNumbers(nodeRed),
    twins: await listTwins(nodeRed),
    changes: nodeRed.recorded<[string, number]>("changes"),
  });
}

async function arrived(
  acknowledged: readonly number[],
  history: HistoryReader,
  refused: () => number[],
  quietMs: number,
  timeoutMs: number,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  let count = -1;
  let since = Date.now();
  while (Date.now() < end) {
    const now = await history.count();
    if (now !== count) {
      count = now;
      since = Date.now();
    } else if (now + refused().length >= acknowledged.length || Date.now() - since > lateMs) {
      const kept = new Set([...(await history.rows()).map(({ n }) => n), ...refused()]);
      if (acknowledged.every((n) => kept.has(n))) return;
      if (Date.now() - since > lateMs && kept.has(acknowledged.at(-1) as number)) return;
    }
    if (Date.now() - since > quietMs) return;
    await pause(300);
  }
}

export const refusedNumbers = (nodeRed: NodeRed): number[] =>
  nodeRed
    .recorded<{ n?: number }>("refused")
    .map(({ n }) => n)
    .filter((n) => n !== undefined);

/** All twins, as the flow's own endpoint gives them. */
export async function listTwins({ url }: NodeRed): Promise<TwinDocument[]> {
  const all: TwinDocument[] = [];
  let cursor = "";
  do {
    const response = await fetch(`${url}/twins?cursor=${encodeURIComponent(cursor)}`);
    if (!response.ok) throw new Error(`GET /twins: ${response.status} ${await response.text()}`);
    const page = (await response.json()) as { twins: TwinDocument[]; cursor?: string };
    all.push(...page.twins);
    cursor = page.cursor ?? "";
  } while (cursor !== "");
  return all;
}
