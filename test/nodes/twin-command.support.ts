import type { RefusalInfo } from "../../engine/contract/errors";
import type { Message } from "../../nodes/lib/node-red";
import { disposeShared } from "../../nodes/lib/shared";
import { type EmbeddedStore, openEmbeddedStore } from "../../nodes/twin-store/embedded";
import type { FlowNode, LoadedFlow } from "../support/runtime";

let stores = 0;
/** Folder of the flow's store, below the home folder. */
export const storeOf = (flow: FlowNode[]): string => String(flow.find(({ type }) => type === "twin-store")?.path);

/** A flow with a twin-command, its outputs, and a twin-state that reports for the machine, on a store of its own. */
export function commandFlow(settings: Record<string, unknown> = {}, more: FlowNode[] = []): FlowNode[] {
  const model = settings.model ?? "";
  return [
    { id: "store", type: "twin-store", path: `store-${++stores}` },
    { id: "command", type: "twin-command", store: "store", wires: [["done"], ["refused"], ["device"]], ...settings },
    { id: "report", type: "twin-state", operation: "report", store: "store", model, wires: [["reported"], []] },
    { id: "get", type: "twin-state", operation: "get", store: "store", wires: [["reported"], []] },
    ...["done", "refused", "device", "reported"].map((id) => ({ id, type: "helper" })),
    ...more,
  ];
}

export const errorOf = (msg: Message): RefusalInfo => msg.error as RefusalInfo;
export const commandOf = (msg: Message): Record<string, unknown> => msg.command as Record<string, unknown>;

let last = 0;
/** Of two reports in one millisecond neither would be later. */
const stamp = (): number => {
  last = Math.max(last + 1, Date.now());
  return last;
};

/** The machine reports; resolves when the twin knows. */
export async function report(flow: LoadedFlow, id: string, payload: Record<string, unknown>, more = {}): Promise<void> {
  flow.send("report", { topic: id, payload, twin: { id, ts: stamp(), ...more } });
  await flow.next("reported");
}

/** Reads the store's files as another process would, after the runtime has let go of them. */
export async function afterwards<T>(folder: string, read: (store: EmbeddedStore) => Promise<T>): Promise<T> {
  await disposeShared();
  const store = openEmbeddedStore({ folder, durability: "process", warn: () => undefined });
  try {
    return await read(store);
  } finally {
    store.close();
  }
}
