import { serveAdminPost } from "../lib/admin-post";
import type { NodeRed } from "../lib/node-red";

/** Most names that a node keeps for its form. */
const maxKept = 300;

const seen = new Map<string, string[]>();

/** Keeps what columns came into the node of that id last, until it closes. */
export function keepColumns(nodeId: string): { keep(names: readonly string[]): void; release(): void } {
  return {
    keep: (names) => void seen.set(nodeId, names.slice(0, maxKept)),
    release: () => void seen.delete(nodeId),
  };
}

/** `POST <admin>/meditwin/twin-stats/columns` for the form: `{ node }` is answered with `{ columns }`, the names of the last table. */
export function serveColumns(red: NodeRed): void {
  serveAdminPost(red, "twin-stats/columns", "flows.read", ({ node }) => ({ columns: seen.get(String(node)) ?? [] }));
}
