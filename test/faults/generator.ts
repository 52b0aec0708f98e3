import { readFileSync } from "node:fs";
import path from "node:path";
import type { GeneratorOptions, GeneratorState } from "./generator-process";
import { type Stage, startChild } from "./stage";

export interface Generator {
  /** Its latest report, at most a quarter of a second old. */
  state(): GeneratorState;
  /** Stops sending and waits for what is still to be acknowledged (60 s at most). */
  stop(): Promise<Ledger>;
}

export interface Ledger extends GeneratorState {
  /** Numbers that were acknowledged, by PUBACK or HTTP 2xx. */
  numbers: number[];
}

let started = 0;

/** Starts the machines; they send at once. */
export function startGenerator(
  stage: Stage,
  options: Pick<GeneratorOptions, "url"> & Partial<GeneratorOptions>,
): Generator {
  const ledgerFile = path.join(stage.folder, `ledger-${++started}.txt`);
  const defaults = { kind: "mqtt", rate: 500, window: 2000, batch: 1, startAt: 0, repeatLast: 0 } as const;
  const repeats = { sendAgain: false, withKey: false, without: [] };
  const all: GeneratorOptions = { ...defaults, ...repeats, ledgerFile, ...options };
  const child = startChild(stage, process.execPath, [
    path.join(__dirname, "generator-process.js"),
    JSON.stringify(all),
  ]);
  let state: GeneratorState = { sent: 0, acknowledged: 0, statuses: {}, withoutRetryAfter: 0 };
  child.process.on("message", (message) => {
    state = message as GeneratorState;
  });
  return {
    state: () => state,
    async stop() {
      child.process.send("stop");
      await child.ended;
      if (!state.done) throw new Error(`The generator ended by itself:\n${child.output()}`);
      const text = readFileSync(ledgerFile, "utf8");
      return { ...state, numbers: text === "" ? [] : text.split("\n").map(Number) };
    },
  };
}
