import { type MessagePort, workerData } from "node:worker_threads";
import { helpGrowing } from "./team";

// Grows trees for a training that runs in another thread. Ending the thread is the way to stop it.
const { port } = (workerData ?? {}) as { port?: MessagePort };
if (port) helpGrowing(port);
