import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { FaultRow, Scale } from "./fault-case";

/** What one case works with: a scratch folder and processes, all of which are gone when the case ends, however it ends. */
export interface Stage {
  folder: string;
  log(text: string): void;
  /** Runs when the case ends, the latest first. */
  onEnd(tidy: () => unknown): void;
}

export async function onStage<T>(log: (text: string) => void, work: (stage: Stage) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "meditwin-faults-"));
  const tidyUps: (() => unknown)[] = [];
  try {
    return await work({ folder, log, onEnd: (tidy) => tidyUps.push(tidy) });
  } finally {
    for (const tidy of tidyUps.reverse())
      try {
        await tidy();
      } catch (error) {
        log(`tidying up: ${String(error)}`);
      }
    if (process.env.MEDITWIN_KEEP === "1") log(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Rows of a case, each from a stage of its own: at the same time where seconds count and nothing is measured. */
export async function rowsOf(
  scale: Scale,
  log: (text: string) => void,
  works: ((stage: Stage) => Promise<FaultRow>)[],
): Promise<FaultRow[]> {
  if (scale === "short") return Promise.all(works.map((work) => onStage(log, work)));
  const rows: FaultRow[] = [];
  for (const work of works) rows.push(await onStage(log, work));
  return rows;
}

export interface Child {
  process: ChildProcess;
  /** The last of what it printed. */
  output(): string;
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<void>;
  ended: Promise<void>;
}

const running = new Set<ChildProcess>();
// Whatever ends this process, what it started does not live on.
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface ChildOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** A file for all of its output. */
  logFile?: string;
}

export function startChild(stage: Stage, program: string, args: string[], options: ChildOptions = {}): Child {
  const { HOME, PATH } = process.env;
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { HOME, PATH, ...options.env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  running.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      text = (text + String(chunk)).slice(-20_000);
      if (options.logFile) appendFileSync(options.logFile, chunk);
    });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => {
      running.delete(child);
      resolve();
    });
    child.once("error", () => resolve());
  });
  const end = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      // A stopped process hears of nothing else.
      if (signal !== "SIGKILL") child.kill("SIGCONT");
    }
    await ended;
  };
  stage.onEnd(() => end());
  return { process: child, output: () => text, end, ended };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** Whether it came to hold in time. */
export async function comesTrue(
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
  everyMs = 100,
): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await pause(everyMs)) if (await holds()) return true;
  return holds();
}

/** Resident memory of a process, bytes. 0 when it is gone. Linux only. */
export function residentBytes(pid: number | undefined): number {
  try {
    const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kib ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Numbers in [0, 1) that a seed repeats (mulberry32, Tommy Ettinger, public domain). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of a run: MEDITWIN_SEED, or a new one, which is printed. */
export function seedOf(stage: Stage): number {
  const seed = Number(process.env.MEDITWIN_SEED) || Math.floor(Math.random() * 1e9);
  stage.log(`seed ${seed} (repeat with MEDITWIN_SEED=${seed})`);
  return seed;
}
