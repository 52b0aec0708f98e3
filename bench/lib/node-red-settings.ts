/**
 * The settings of the Node-RED that is measured: those of the package. The object `bench` tells the bench what a function node has
 * counted, once at the end of a round and not for each message.
 */
import path from "node:path";
import { Worker } from "node:worker_threads";

// Read at run time: settings.js is no TypeScript.
const settings = require(path.resolve(__dirname, "../../../settings.js")) as Record<string, unknown>;

const times: number[] = [];

const bench = {
  done: (count: number) => process.send?.({ kind: "done", count }),
  /** @param sentAt `performance.timeOrigin + performance.now()` of the sender, ms */
  arrived(sentAt: number) {
    times.push(performance.timeOrigin + performance.now() - sentAt);
  },
  /** Keeps a core busy from here on, with nothing. */
  count: () => void new Worker("for (let i = 0; ; i++);", { eval: true, name: "counting" }),
};

process.on("message", (message: { kind?: string }) => {
  if (message.kind === "times") process.send?.({ kind: "times", times: times.splice(0) });
});

export = { ...settings, functionGlobalContext: { bench } };
