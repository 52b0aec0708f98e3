import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Worker } from "node:worker_threads";

const orderIn = (home: string): string => path.join(home, "kill-next-training");

/** NODE_OPTIONS for a server whose trainings can be killed. */
export const killsTrainings = `--require ${JSON.stringify(__filename)}`;

/** The thread of the next training ends when it has begun, as by a crash: what it says first may be its last word. */
export function killNextTraining(home: string): void {
  writeFileSync(orderIn(home), "");
}

// Loaded into the server, this waits for the order.
process.on("worker", (worker: Worker & { threadName?: string }) => {
  const order = orderIn(process.env.TWIN_HOME ?? "");
  if (!worker.threadName?.startsWith("twin-train") || !existsSync(order)) return;
  rmSync(order);
  worker.once("online", () => void worker.terminate());
});
